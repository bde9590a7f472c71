/** Which upstream serves which model. */

import type { PriceTable } from '../pricing/price.ts'
import type { UpstreamEntry } from './file.ts'
import { mappedModel } from './model-names.ts'
import { typeOf } from './types.ts'

/**
 * True if the upstream serves this model of ours. With `models` only those; without, the models of its type's makers. A
 * model without a price now has no known maker, so any upstream may serve it.
 */
export function serves(
  { models, type }: Pick<UpstreamEntry, 'models' | 'type'>,
  model: string,
  prices: Pick<PriceTable, 'find'>,
  now = new Date(),
): boolean {
  if (models) return mappedModel(models, model) !== undefined
  const { makers } = typeOf(type)
  const maker = makers && prices.find(model, now)?.maker
  return maker === undefined || makers === undefined || makers.includes(maker)
}

/** True if both upstreams speak a dialect, so that one can replace the other. */
export function shareDialect(a: UpstreamEntry, b: UpstreamEntry): boolean {
  const theirs = Object.keys(typeOf(b.type).paths)
  return Object.keys(typeOf(a.type).paths).some(dialect => theirs.includes(dialect))
}
