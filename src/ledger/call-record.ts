/** One call, as the log line and the ledger tell it. Written once, at the exit door; the names are the log's names. */

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
  /** HTTP status the caller got. */
  status: number
  outcome: Outcome
  stream: boolean
  cache: CacheResult | undefined
  /** Arrival to the last byte sent, milliseconds. */
  latencyMs: number
  /** Arrival to the first byte of the answer's body, milliseconds. */
  ttftMs: number | undefined
  /** Request sent upstream to its last byte, milliseconds. */
  upstreamMs: number | undefined
  /** Uncached input; cache reads and writes are beside it, not in it. */
  inputTokens: number
  cacheReadTokens: number
  cacheWriteTokens: number
  outputTokens: number
  costNanos: number
  /** What a cache hit saved. */
  savedNanos: number
  /** Was the cost estimated, because no final usage came? */
  estimated: boolean
  /** How the estimate was made, for people. */
  estimate?: string | undefined
  /** The call used a feature without a bound, and may cost more than it held. */
  unbounded?: boolean | undefined
  /** Content hash of the price table that priced it. */
  priceVersion: string | undefined
  /** Why it failed, in the gateway's words. */
  error: string | undefined
  /** A refusal's machine-readable reason and scope. */
  refusal: string | undefined
  scope: string | undefined
}
