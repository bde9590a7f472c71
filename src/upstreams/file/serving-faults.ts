/** Checks that each upstream of a route serves a model of the route, and that the upstreams can replace each other. */

import { fault, faultText } from '../../pricing/schema-faults.ts'
import { serves, shareDialect } from '../serves.ts'
import { type Choice, type Context, isPriced, meantBy, pricesAt } from './choices.ts'
import type { FileFault } from './faults.ts'
import type { RouteEntry, UpstreamEntry } from './schema.ts'

/** A choice whose upstream exists, with the models that callers can get there. */
interface Serving {
  choice: Choice
  upstream: UpstreamEntry
  asked: readonly string[]
}

export function servingFaults(
  { models }: RouteEntry,
  choices: readonly Choice[],
  path: string,
  context: Context,
): FileFault[] {
  const meant = models.map(name => meantBy(name, context))
  const asked = [...new Set(meant.flat())]
  const once = choices.filter((choice, i) => choices.findIndex(other => isSame(choice, other)) === i)
  const serving = once.flatMap(choice => servingOf(choice, asked, context))
  const useless = serving.filter(one => one.asked.length === 0)
  if (useless.length > 0)
    return useless.map(({ choice: { model, name, namePath } }) =>
      fault(
        namePath,
        name,
        `an upstream that serves ${model ?? models.join(', ')}, by its models or else by its type`,
      ),
    )
  if (serving.length === 0 || serving.length < once.length) return []
  return [
    ...models.flatMap((name, i) => {
      const isServed = serving.some(one => meant[i]?.some(model => one.asked.includes(model)))
      const isKnown = meant[i]?.some(model => context.prices.names.has(model))
      return isServed || !isKnown
        ? []
        : [fault(`${path}/models/${i}`, name, 'a model that an upstream of this route serves')]
    }),
    ...dialectFaults(serving),
  ]
}

function isSame(a: Choice, b: Choice): boolean {
  return a.name === b.name && a.model === b.model
}

/** Empty if the upstream or the price of the model is missing, because that is another fault. */
function servingOf(choice: Choice, asked: readonly string[], context: Context): Serving[] {
  const { model, upstream } = choice
  if (!upstream) return []
  const can = (name: string) => serves(upstream, name, pricesAt(upstream, context))
  if (model !== undefined)
    return isPriced(model, upstream, context) ? [{ choice, upstream, asked: can(model) ? asked : [] }] : []
  const priced = asked.filter(name => isPriced(name, upstream, context))
  return priced.length === 0 ? [] : [{ choice, upstream, asked: priced.filter(can) }]
}

/** Upstreams that share no dialect with another upstream of the route that serves the same model. */
function dialectFaults(serving: readonly Serving[]): FileFault[] {
  const alone = serving.filter(one => {
    const others = serving.filter(
      other => other !== one && other.asked.some(model => one.asked.includes(model)),
    )
    return others.length > 0 && !others.some(other => shareDialect(one.upstream, other.upstream))
  })
  // If none has a partner, the first one stays and the others are wrong.
  const wrong = alone.length === serving.length ? alone.slice(1) : alone
  return wrong.map(({ choice: { name, namePath }, upstream: { type } }) =>
    faultText(
      namePath,
      `${JSON.stringify(name)}, of type ${type}`,
      'an upstream that speaks a format of the others in this route',
    ),
  )
}
