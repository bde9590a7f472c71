/** The record of one call, declared once: the log line, the rows of the ledger, live calls, the dashboard and the CLI derive from it. */

import { type Static, Type } from 'typebox'

export const outcomes = [
  ...(['ok', 'cached', 'coalesced', 'refused', 'upstream_error', 'client_gone', 'interrupted'] as const),
  ...(['lost', 'gateway_error'] as const),
] as const
export type Outcome = (typeof outcomes)[number]

export type CacheResult = 'HIT' | 'MISS' | 'COALESCED' | 'BYPASS'

const text = (description: string) => Type.Optional(Type.String({ description }))
const milliseconds = (description: string) => Type.Optional(Type.Number({ minimum: 0, description }))
const whole = { minimum: 0, maximum: Number.MAX_SAFE_INTEGER }
const tokens = (description: string) => Type.Integer({ ...whole, default: 0, description })

/**
 * The facts, by their names in the log. The columns of `calls` have the same names in snake case. Money that is charged and
 * the time of the admission are separate. A call that was lost with its replica has only some facts.
 */
export const facts = {
  clientId: text("The client's id"),
  client: text("The client's name"),
  teamId: text("The team's id"),
  team: text("The team's name"),
  key: text("The key's public id, never the key"),
  route: text('Such as /v1/messages'),
  model: text('The model in the request'),
  upstream: text('The upstream that served the call'),
  upstreamModel: text("The upstream's own name of the model, if it is another"),
  attempts: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 999, description: 'Requests to upstreams, this one included' }),
  ),
  tried: text('The attempts that failed before, each with its upstream, model and error'),
  status: Type.Optional(
    Type.Integer({ minimum: 0, maximum: 999, description: 'HTTP status of the response to the caller' }),
  ),
  // A newer replica may write an outcome that this one does not know.
  outcome: Type.Unsafe<Outcome>(Type.String({ minLength: 1, description: `One of ${outcomes.join(', ')}` })),
  stream: Type.Optional(Type.Boolean({ description: 'The request asked for a stream' })),
  cache: Type.Optional(
    Type.Unsafe<CacheResult>(Type.String({ description: 'HIT, MISS, COALESCED or BYPASS' })),
  ),
  latencyMs: milliseconds('Arrival to the last byte sent'),
  ttftMs: milliseconds("Arrival to the first byte of the response's body"),
  upstreamMs: milliseconds('Sending of the upstream request to the last byte of its response'),
  inputTokens: tokens('Uncached input, without cache reads and writes'),
  cacheReadTokens: tokens('Input that the provider read from its cache'),
  cacheWriteTokens: tokens('Input that the provider wrote to its cache'),
  outputTokens: tokens('Output, with reasoning'),
  savedNanos: Type.Integer({ ...whole, default: 0, description: 'The cost that a cached response saved' }),
  estimated: Type.Boolean({
    default: false,
    description: 'The response had no final usage, so the cost is estimated',
  }),
  estimate: text('The method of an estimated cost'),
  unbounded: Type.Optional(
    Type.Boolean({ description: 'The call used a feature without a bound, and may cost more than its hold' }),
  ),
  priceVersion: text('Version of the price table'),
  error: text('The reason of a failure, in a text of the gateway'),
  refusal: text("A refusal's error_code"),
  scope: text('The scope whose limit refused the call'),
}

const record = Type.Object(facts)
type Facts = Static<typeof record>

/** The facts of every call that ends in this process. */
type Known =
  | { [Name in keyof Facts]-?: undefined extends Facts[Name] ? never : Name }[keyof Facts]
  | 'route'
  | 'status'
  | 'stream'
  | 'latencyMs'

/** The facts at the end of a call. */
export type Entry = { reqId: string; costNanos: number } & Required<Pick<Facts, Known>> & {
    [Name in Exclude<keyof Facts, Known>]: Facts[Name] | undefined
  }
