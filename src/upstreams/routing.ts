/** The upstreams that may serve a call: those of its route, or the most direct one that serves the model. */

import { matchModel } from '../clients/model-pattern.ts'
import type { Dialect, Edits } from '../dialects/dialect.ts'
import type { PriceTable } from '../pricing/price.ts'
import type { RouteEntry } from './file/schema.ts'
import { allNames, isPattern, mappedName } from './model-names.ts'
import { ANY_TIME, servesByName } from './serves.ts'
import { hashText } from './text-hash.ts'
import { editsOf, modelNameOf } from './types.ts'
import type { Upstream } from './upstream.ts'

/** An upstream that may serve a model in one dialect. Its figures count the calls of this replica. */
export interface Candidate {
  upstream: Upstream
  table: PriceTable
  /** The gateway's name of the model there, which has a price. */
  model: string
  /** The upstream's own name of it. */
  theirs: string
  /** The same, if the caller asked by another name. */
  sentModel: string | undefined
  /** What the body of a request needs there; undefined: nothing. */
  edits: Edits | undefined
  /** True: only the price list knows the model, and the type may serve any. It can be called, but is not listed. */
  isGuess: boolean
  weight: number
  /** Hash of its upstream and model, for stickiness. */
  nameHash: number
  /** Attempts that run now. */
  running: number
  /** Moving average of the time to the first byte, ms; 0 before the first. */
  firstByteMs: number
  /** When that was learned last, on the monotonic clock, ms. */
  learnedAt: number
}

export interface Plan {
  /** In the order of the file. */
  candidates: readonly Candidate[]
  /** True: equal targets that share the calls by weight. False: they are tried in their order. */
  isBalanced: boolean
  sticky: RouteEntry['sticky']
  /** The most attempts of a call. */
  attempts: number
  /** True: a target that failed may be tried again. False: only with another key. */
  repeats: boolean
  /** The longest wait for an upstream that limits the gateway, ms. */
  retryWithinMs: number
  /** What decides the response besides the request: the models of an alias. */
  cacheName: string
}

export interface Routing {
  /** The plan for a model in one dialect; undefined: no upstream serves it. */
  plan(model: string, dialect: Dialect): Plan | undefined
  /** Every name that a caller may ask for, sorted: models of the price tables, and aliases. Some may have no upstream. */
  names: readonly string[]
}

const RETRY_WITHIN_MS = 5000
/** Plans that are kept. A caller may ask for any name. */
const MOST_PLANS = 10_000

export interface RoutingOptions {
  upstreams: readonly Upstream[]
  routes: readonly RouteEntry[]
  tableOf(upstream: Upstream): PriceTable
  /** The price table of the gateway. */
  prices: Pick<PriceTable, 'names' | 'namesOf'>
}

export function createRouting({ upstreams, routes, tableOf, prices }: RoutingOptions): Routing {
  const byName = new Map(upstreams.map(upstream => [upstream.name, upstream]))
  // An upstream of a single maker comes before one that serves all.
  const direct = [...upstreams].sort((a, b) => Number(!a.type.makers) - Number(!b.type.makers))
  const plans = new Map<string, Plan | undefined>()
  const ownNames = upstreams.flatMap(({ settings }) => Object.keys(settings.prices?.models ?? {}))
  const aliases = routes.flatMap(({ models }) => models).filter(name => !isPattern(name))

  /** `route`: the part of a route that names the upstream; undefined: the upstream is chosen by what it serves. */
  function candidate(upstream: Upstream, asked: string, dialect: Dialect, route?: RouteTarget) {
    const { model = asked, weight = 1 } = route ?? {}
    const { type, settings } = upstream
    const { models } = settings
    if (type.paths[dialect.name] === undefined) return []
    const table = tableOf(upstream)
    const price = table.find(model, ANY_TIME)
    if (!price) return []
    if (!models && !servesByName(settings.type, dialect.name, model, price)) return []
    const theirs = models
      ? mappedName(models, allNames(table, model))
      : modelNameOf(type, dialect.name, model)
    if (theirs === undefined) return []
    const sentModel = theirs === asked ? undefined : theirs
    const edits = editsOf(type, dialect.name, sentModel)
    const needed = Object.keys(edits).length > 0 ? edits : undefined
    const isGuess = !models && !route && !type.makers && price.origins.in === 'public'
    const nameHash = hashText(`${upstream.name} ${model}`)
    const figures = { weight, nameHash, running: 0, firstByteMs: 0, learnedAt: 0 }
    return [{ upstream, table, model, theirs, sentModel, edits: needed, isGuess, ...figures }]
  }

  function routed(route: RouteEntry, asked: string, dialect: Dialect): Plan | undefined {
    const targets = route.targets ?? route.order?.map(upstream => ({ upstream })) ?? []
    const candidates = targets.flatMap((target: RouteTarget) => {
      const upstream = byName.get(target.upstream)
      return upstream ? candidate(upstream, asked, dialect, target) : []
    })
    if (candidates.length === 0) return undefined
    return {
      candidates,
      isBalanced: route.targets !== undefined && candidates.length > 1,
      sticky: route.sticky,
      attempts: route.retries === undefined ? keysOf(candidates) : 1 + route.retries,
      repeats: route.retries !== undefined,
      retryWithinMs: route.retryWithinMs ?? RETRY_WITHIN_MS,
      cacheName: [...new Set(candidates.map(({ model }) => model))].sort().join(),
    }
  }

  function unrouted(model: string, dialect: Dialect): Plan | undefined {
    for (const upstream of direct) {
      const candidates = candidate(upstream, model, dialect)
      if (candidates.length > 0)
        return { ...UNROUTED, candidates, attempts: keysOf(candidates), cacheName: model }
    }
    return undefined
  }

  function createPlan(model: string, dialect: Dialect): Plan | undefined {
    const names = allNames(prices, model)
    const route =
      routes.find(({ models }) => models.includes(model)) ??
      routes.find(({ models }) => models.some(pattern => names.some(name => matchModel(pattern, name))))
    return route ? routed(route, model, dialect) : unrouted(model, dialect)
  }

  return {
    names: [...new Set([...prices.names, ...ownNames, ...aliases])].sort(),
    plan(model, dialect) {
      const key = `${dialect.name} ${model}`
      if (plans.has(key)) return plans.get(key)
      if (plans.size >= MOST_PLANS) plans.clear()
      const plan = createPlan(model, dialect)
      plans.set(key, plan)
      return plan
    },
  }
}

interface RouteTarget {
  upstream: string
  model?: string
  weight?: number
}

const UNROUTED = {
  isBalanced: false,
  sticky: undefined,
  repeats: false,
  retryWithinMs: RETRY_WITHIN_MS,
} as const

/** Each target can be tried once with each of its keys. */
function keysOf(candidates: readonly Candidate[]): number {
  return candidates.reduce((sum, { upstream }) => sum + upstream.keys.length, 0)
}
