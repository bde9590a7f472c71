/** Checks that every model of a route, and every model of its targets, has a price. */

import { matchModel } from '../../clients/model-pattern.ts'
import { fault } from '../../pricing/schema-faults.ts'
import { isPattern } from '../model-names.ts'
import { type Choice, type Context, chainOf, isPriced, meantBy, pricesAt } from './choices.ts'
import { escaped, type FileFault, unknownName } from './faults.ts'
import type { RouteEntry, UpstreamEntry } from './schema.ts'

const PRICED = 'a model with a price'
const ADD_PRICE = 'Correct the file, or add the price to PRICES_FILE.'

export function modelFaults(
  { models, order }: RouteEntry,
  choices: readonly Choice[],
  path: string,
  context: Context,
): FileFault[] {
  return [
    ...models.flatMap((name, i) => {
      const place = `${path}/models/${i}`
      if (isPattern(name)) return patternFaults(name, place, context)
      const bare = choices.filter(({ model, upstream }) => !model && !isPriced(name, upstream, context))
      return order || bare.length === choices.length
        ? bare.slice(0, 1).map(() => aliasFault(name, place, context))
        : bare.map(choice =>
            fault(`${choice.path}/model`, undefined, `${PRICED}, because ${name} is an alias`),
          )
    }),
    ...choices.flatMap(choice => targetFaults(choice, models[0] ?? '', context)),
  ]
}

function patternFaults(name: string, path: string, context: Context): FileFault[] {
  if (meantBy(name, context).length > 0) return []
  return [unpriced(path, name, context)]
}

/** A fault about a pattern suggests no name, because its `*` is not a letter of a name. */
function unpriced(path: string, name: string, { known }: Pick<Context, 'known'>): FileFault {
  const found = isPattern(name)
    ? fault(path, name, 'a pattern that matches a model with a price')
    : unknownName(path, name, PRICED, known)
  return { ...found, fix: ADD_PRICE }
}

/** A name without a price whose targets name no model. */
function aliasFault(name: string, path: string, { known }: Context): FileFault {
  return {
    ...unknownName(path, name, `${PRICED}, or targets that each name a model`, known),
    fix: ADD_PRICE,
  }
}

function targetFaults(choice: Choice, asked: string, context: Context): FileFault[] {
  const { model, path, upstream } = choice
  if (model === undefined || isPriced(model, upstream, context)) return []
  const place = `${path}/model`
  if (!context.aliases.has(model)) return [unpriced(place, model, context)]
  const chain = chainOf(asked, model, context.aliases)
  return [fault(place, model, `${PRICED}, because ${model} is an alias (${chain})`)]
}

/** Names in the `models` of an upstream that no call can use, because they have no price. */
export function mappedFaults(upstreams: readonly UpstreamEntry[], context: Context): FileFault[] {
  const { known } = context
  return upstreams.flatMap((upstream, i) => {
    const own = [...pricesAt(upstream, context).names, ...Object.keys(upstream.prices?.models ?? {})]
    return Object.keys(upstream.models ?? {}).flatMap(name => {
      const isKnown = isPattern(name)
        ? own.some(model => matchModel(name, model))
        : isPriced(name, upstream, context)
      if (isKnown) return []
      return [unpriced(`/upstreams/${i}/models/${escaped(name)}`, name, { known })]
    })
  })
}
