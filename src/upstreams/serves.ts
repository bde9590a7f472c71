/** Which upstream serves which model. */

import type { Price, PriceTable } from '../pricing/price.ts'
import { isSoldBy } from '../pricing/public.ts'
import type { UpstreamEntry } from './file/schema.ts'
import { allNames, mappedName } from './model-names.ts'
import { makersOf, type TypeName, typeOf } from './types.ts'

/** True if an upstream of this type serves the model in this dialect by its own name. `price` is that of the model there. */
export function servesByName(
  name: TypeName,
  dialect: string,
  model: string,
  { maker, origins }: Pick<Price, 'maker' | 'origins'>,
): boolean {
  const type = typeOf(name)
  const ofDialect = type.makersByDialect?.[dialect]
  if (ofDialect && !ofDialect.includes(maker)) return false
  const makers = makersOf(type, dialect)
  if (!makers || isSoldBy(name, model)) return true
  // The list has models under names that only some providers know.
  return origins.in !== 'public' && makers.includes(maker)
}

/** The last price of a model names its maker, even if it is not in force yet. */
export const ANY_TIME = new Date(8.64e15)

/**
 * True if the upstream serves this model of ours in a dialect. With `models` only those; without, those that its type serves
 * by their own names. A model without a price has no known maker, so any upstream may serve it.
 */
export function serves(
  { models, type }: Pick<UpstreamEntry, 'models' | 'type'>,
  model: string,
  prices: Pick<PriceTable, 'find' | 'namesOf'>,
): boolean {
  if (models) return mappedName(models, allNames(prices, model)) !== undefined
  const price = prices.find(model, ANY_TIME)
  if (!price) return true
  return Object.keys(typeOf(type).paths).some(dialect => servesByName(type, dialect, model, price))
}

/** True if both upstreams speak a dialect, so that one can replace the other. */
export function shareDialect(a: UpstreamEntry, b: UpstreamEntry): boolean {
  const theirs = Object.keys(typeOf(b.type).paths)
  return Object.keys(typeOf(a.type).paths).some(dialect => theirs.includes(dialect))
}
