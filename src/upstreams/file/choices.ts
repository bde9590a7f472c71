/** The upstreams among which a route chooses, from `order` or from `targets`. */

import { matchModel } from '../../clients/model-pattern.ts'
import type { PriceTable } from '../../pricing/price.ts'
import { isPattern } from '../model-names.ts'
import type { Prices } from '../price-tables.ts'
import type { RouteEntry, UpstreamEntry } from './schema.ts'

export interface Choice {
  /** JSON pointers of the choice and of the upstream's name. */
  path: string
  namePath: string
  name: string
  /** Undefined: the file has no upstream of this name. */
  upstream: UpstreamEntry | undefined
  /** The gateway's name of the model there; undefined: the model that the caller asked for. */
  model: string | undefined
}

export interface Context {
  upstreams: ReadonlyMap<string, UpstreamEntry>
  prices: Prices
  /** The prices at each upstream, by its name. */
  tables: ReadonlyMap<string, Prices>
  /** The names of the price table as a list. */
  known: readonly string[]
  /** Aliases: names in routes that the price table does not have. Each has the models of its targets. */
  aliases: ReadonlyMap<string, readonly string[]>
}

export function choicesOf(
  { order = [], targets = [] }: RouteEntry,
  path: string,
  context: Context,
): Choice[] {
  const { upstreams } = context
  return [
    ...order.map((name, i) => {
      const place = `${path}/order/${i}`
      return { path: place, namePath: place, name, upstream: upstreams.get(name), model: undefined }
    }),
    ...targets.map(({ upstream: name, model }, i) => {
      const place = `${path}/targets/${i}`
      return { path: place, namePath: `${place}/upstream`, name, upstream: upstreams.get(name), model }
    }),
  ]
}

/** The known models that a name or a pattern of a route means. */
export function meantBy(name: string, { known }: Context): readonly string[] {
  return isPattern(name) ? known.filter(model => matchModel(name, model)) : [name]
}

/** The prices at this upstream. */
export function pricesAt({ name }: { name: string }, { prices, tables }: Context): Prices {
  return tables.get(name) ?? prices
}

/** True if the model has a price at this upstream, now or on a later day. */
export function isPriced(model: string, upstream: UpstreamEntry | undefined, context: Context): boolean {
  const { names } = upstream ? pricesAt(upstream, context) : context.prices
  return names.has(model) || Object.hasOwn(upstream?.prices?.models ?? {}, model)
}

export function aliasesIn(
  routes: readonly RouteEntry[],
  { names }: Pick<PriceTable, 'names'>,
): Map<string, string[]> {
  const aliases = new Map<string, string[]>()
  for (const { models, targets = [] } of routes)
    for (const name of models)
      if (!isPattern(name) && !names.has(name) && !aliases.has(name))
        aliases.set(
          name,
          targets.flatMap(({ model }) => model ?? []),
        )
  return aliases
}

/** Follows a target's model through aliases until a name repeats or is no alias: `a → b → a`. */
export function chainOf(asked: string, model: string, aliases: Context['aliases']): string {
  const chain = aliases.has(asked) ? [asked] : []
  for (let next: string | undefined = model; next !== undefined; ) {
    const isEnd = chain.includes(next) || !aliases.has(next)
    chain.push(next)
    const models: readonly string[] = isEnd ? [] : (aliases.get(next) ?? [])
    next = models.find(name => aliases.has(name)) ?? models[0]
  }
  return chain.join(' → ')
}
