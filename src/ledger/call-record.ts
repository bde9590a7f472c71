/** The record of one call, for the log line and the ledger. It is written once, at the end of the call; its fields have the names of the log. */

export type Outcome =
  | 'ok'
  | 'cached'
  | 'coalesced'
  | 'refused'
  | 'upstream_error'
  | 'client_gone'
  | 'interrupted'
  | 'lost'
  | 'gateway_error'

export type CacheResult = 'HIT' | 'MISS' | 'COALESCED' | 'BYPASS'

export interface Entry {
  reqId: string
  clientId: string | undefined
  client: string | undefined
  teamId: string | undefined
  team: string | undefined
  /** The key's public id, never the key. */
  key: string | undefined
  /** The route's path, such as `/v1/messages`. */
  route: string
  model: string | undefined
  upstream: string | undefined
  /** HTTP status of the response to the caller. */
  status: number
  outcome: Outcome
  stream: boolean
  cache: CacheResult | undefined
  /** Arrival to the last byte sent, milliseconds. */
  latencyMs: number
  /** Arrival to the first byte of the response's body, milliseconds. */
  ttftMs: number | undefined
  /** Request sent upstream to its last byte, milliseconds. */
  upstreamMs: number | undefined
  /** Uncached input, without cache reads and writes. */
  inputTokens: number
  cacheReadTokens: number
  cacheWriteTokens: number
  outputTokens: number
  costNanos: number
  /** The cost that a cache hit saved. */
  savedNanos: number
  /** True: the cost is estimated, because no final usage came. */
  estimated: boolean
  /** The method of the estimate, for people. */
  estimate?: string | undefined
  /** The call used a feature without a bound, so it may cost more than its hold. */
  unbounded?: boolean | undefined
  /** `version` of the price table. */
  priceVersion: string | undefined
  /** The reason of a failure, in a text of the gateway. */
  error: string | undefined
  /** A refusal's machine-readable reason and scope. */
  refusal: string | undefined
  scope: string | undefined
}
