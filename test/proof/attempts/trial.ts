/** Random routes over four upstreams, what each upstream does with each call, and the calls. */

import fc from 'fast-check'
import { kinds } from './kinds.ts'

export const UPSTREAMS = ['first', 'second', 'third', 'fourth'] as const
export type UpstreamName = (typeof UPSTREAMS)[number]

/** Nano-dollars a token, written out once more, so that a wrong price is found. */
export const MODELS = {
  'claude-haiku-4-5': { in: 1000, out: 5000 },
  'claude-sonnet-4-5': { in: 3000, out: 15_000 },
  'claude-opus-4-5': { in: 5000, out: 25_000 },
} as const
export type ModelName = keyof typeof MODELS
const modelNames = Object.keys(MODELS) as ModelName[]

/** US dollars a day; `tight` has room for a part of its calls only. */
export const CLIENTS = {
  wide: { budget: { day: 50 } },
  tight: { budget: { day: 0.15, month: 0.2 } },
  ceiling: { budget: { day: 0.6 }, hold: 'ceiling' },
  limited: { budget: { day: 1 }, limits: { concurrency: 3 } },
} as const
export type ClientName = keyof typeof CLIENTS
export const GATEWAY_MONTH = 2

/** The longest wait for the headers of a response, seconds, where an upstream has its own. */
export const TIMEOUTS: Partial<Record<UpstreamName, number>> = { first: 1, second: 1.5 }

export interface Target {
  upstream: UpstreamName
  model: ModelName
  weight?: number
}

export interface Route {
  /** What the caller asks for. */
  model: string
  targets: Target[]
  entry: Record<string, unknown>
}

export interface Planned {
  number: number
  client: ClientName
  /** Index of its route. */
  route: number
  stream: boolean
  words: number
  ceiling: number
  /** Reported tokens, as shares of the words and of the ceiling. */
  shares: { input: number; output: number }
  /** For each upstream, what it does with the first, second, ... attempt; the last one repeats. */
  kinds: readonly (readonly number[])[]
  place: number
  /** The caller leaves after so many milliseconds. */
  leavesMs: number | undefined
}

export function scenarioOf(call: Planned, upstream: UpstreamName, attempt: number): string {
  const own = call.kinds[UPSTREAMS.indexOf(upstream)]!
  const kind = kinds[own[Math.min(attempt, own.length - 1)]!]!
  const { input, output } = servedOf(call)
  return `usage ${input} in ${output} out, ${kind(call.stream, call.place)}`
}

export function servedOf({ words, ceiling, shares }: Planned) {
  return {
    input: Math.ceil(words / 8 + shares.input * (words / 3 - words / 8)),
    // A growing hold covers what a model can generate in some seconds.
    output: Math.ceil(shares.output * Math.min(ceiling, 1500)),
  }
}

const share = fc.double({ min: 0.01, max: 1, noNaN: true })
const retries = fc.option(fc.integer({ min: 0, max: 4 }), { nil: undefined })
const some = <T>(items: readonly T[]) => fc.shuffledSubarray([...items], { minLength: 1 })

const ordered = (model: ModelName): fc.Arbitrary<Route> =>
  fc.record({ order: some(UPSTREAMS), retries }).map(({ order, retries }) => ({
    model,
    targets: order.map(upstream => ({ upstream, model })),
    entry: { models: [model], order, retryWithinMs: 300, ...(retries !== undefined && { retries }) },
  }))

const balanced = (model: string): fc.Arbitrary<Route> =>
  fc
    .record({
      upstreams: some(UPSTREAMS),
      models: fc.array(fc.constantFrom(...modelNames), { minLength: 4, maxLength: 4 }),
      weights: fc.array(fc.integer({ min: 0, max: 3 }), { minLength: 4, maxLength: 4 }),
      sticky: fc.constantFrom(undefined, 'client', 'client+prefix'),
      retries,
    })
    .map(({ upstreams, models, weights, sticky, retries }) => {
      // One weight above zero is required.
      const targets = upstreams.map((upstream, i) => ({
        upstream,
        model: models[i]!,
        weight: i === 0 ? 1 + weights[i]! : weights[i]!,
      }))
      const rest = { ...(sticky && { sticky }), ...(retries !== undefined && { retries }) }
      return { model, targets, entry: { models: [model], targets, retryWithinMs: 300, ...rest } }
    })

const ALIASES = ['fast', 'smart', 'cheap', 'any']
const routes = fc.tuple(ordered('claude-haiku-4-5'), ordered('claude-opus-4-5'), ...ALIASES.map(balanced))

const call = fc.record({
  client: fc.constantFrom(...(Object.keys(CLIENTS) as ClientName[])),
  route: fc.nat({ max: ALIASES.length + 1 }),
  stream: fc.boolean(),
  words: fc.integer({ min: 200, max: 3000 }),
  ceiling: fc.oneof(fc.integer({ min: 10, max: 1500 }), fc.constant(20_000)),
  shares: fc.record({ input: share, output: share }),
  kinds: fc.array(fc.array(fc.nat({ max: kinds.length - 1 }), { minLength: 1, maxLength: 3 }), {
    minLength: UPSTREAMS.length,
    maxLength: UPSTREAMS.length,
  }),
  place: fc.nat({ max: 6 }),
})

export interface Trial {
  multipliers: number[]
  routes: Route[]
  calls: Planned[]
}

/** `leaving`: so many of the calls are left by their callers. */
export const trials = (count: number, leaving: number): fc.Arbitrary<Trial> =>
  fc.record({
    multipliers: fc.array(fc.constantFrom(1, 2, 3), {
      minLength: UPSTREAMS.length,
      maxLength: UPSTREAMS.length,
    }),
    routes,
    calls: fc
      .tuple(
        fc.array(call, { minLength: count, maxLength: count }),
        fc.array(fc.integer({ min: 5, max: 400 }), { minLength: leaving, maxLength: leaving }),
      )
      .map(([calls, leaves]) => calls.map((one, number) => ({ ...one, number, leavesMs: leaves[number] }))),
  })
