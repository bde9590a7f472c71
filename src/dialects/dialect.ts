/**
 * A dialect is one provider API on the wire: its path, the fields the gateway relies on, what may be added to a
 * request, how usage is read from the answer, how errors look. Nothing outside this folder names a field of a
 * provider's JSON.
 */

import type { Refusal } from '../errors.ts'
import type { JsonObject } from './wire/json.ts'
import type { LimitState } from './wire/limit-state.ts'
import type { Redaction } from './wire/redact.ts'

/** What may void the upper bound on a call's cost; a client's `allow` opens each by name. */
export type AllowedFeature = 'server_tools' | 'stored' | 'background' | 'files'

/** What a request asks for, in the gateway's own words. Token counts are whole numbers. */
export interface ParsedRequest {
  model: string
  stream: boolean
  /** Output tokens at most per answer, as the request says; undefined where it names no ceiling. */
  maxOutputTokens: number | undefined
  /** How many answers the provider generates at most (`n`, `best_of` and similar parameters). */
  completions: number
  /** Does this API have an output ceiling at all? (embeddings and token counts do not) */
  hasOutput: boolean
  /** Output tokens per answer that may be charged beyond the ceiling: a prediction's, which nobody may see. */
  predicted: number
  /**
   * Upper bound on input tokens, images left out; Infinity where only the model's maximum input bounds it. Measured when
   * it is first read, which takes time: a call that is refused first is not measured.
   */
  inputBound: number
  /** Images in the prompt: how many tokens each can be at most is known of the model alone. */
  images: number
  /** Bytes of the body that are text, JSON syntax included. */
  textBytes: number
  /** Does the request have input of unknown size: a document, a file, an unknown part, results of a provider's tool? */
  unseen: boolean
  /** Calibrated guess of input tokens, for token buckets. */
  inputGuess: number
  /** The dearest cache write the request asks for; `other`: whatever the provider pleases, as on routes where it writes unasked. */
  cacheWrite: 'none' | '5m' | '1h' | 'other'
  /** Requested service tier, speed and place, as the request names them: they multiply the price. */
  tier: string | undefined
  speed: string | undefined
  geo: string | undefined
  /** May part of the output be invisible in a stream (hidden reasoning)? Then bytes seen are no measure of it. */
  hiddenOutput: boolean
  /**
   * Features that void the bound, each with the setting that allows it. `fee`: the name of the fee of a provider's tool.
   * `uses`: the request's limit on the tool's runs. Each run can cost the fee that `tool` names and the model's largest input.
   */
  unbounded: readonly {
    feature: string
    allowedBy: AllowedFeature
    fee?: string
    uses?: { most: number; tool: string }
    /** The error code that the provider's SDK expects where the feature is refused: then it does without. */
    errorCode?: string
  }[]
  /** Did a streaming caller ask for the usage frame itself? (OpenAI chat: stream_options.include_usage) */
  wantsUsageFrame: boolean
  /** The request asks the provider to store, or names no preference where the provider's default is to store. */
  stores: boolean
  /** The feature that names an earlier response; the provider knows that response only if it was stored. */
  recalls?: string | undefined
  /** The request's own prompt_cache_key, where there is one. */
  promptCacheKey: string | undefined
}

/** What the gateway puts into a request. docs/api.md lists each. Nothing else is changed. */
export interface Edits {
  maxOutputTokens?: number
  /** The model's entry in the price table: it decides the name of the ceiling, however the caller spells the model. */
  price?: { maker: string; hidesOutput: boolean }
  includeUsage?: boolean
  noStore?: boolean
  promptCacheKey?: string
}

/** One priced share of a call. All counts are disjoint whole numbers, except `reasoning`, a part of `output`. */
export interface UsagePart {
  model: string
  tier: string | undefined
  speed: string | undefined
  geo: string | undefined
  input: number
  cacheRead: number
  cacheWrite5m: number
  cacheWrite1h: number
  cacheWriteOther: number
  output: number
  reasoning: number
  /** Fees per call of a tool, e.g. { web_search: 2 }. */
  tools: Record<string, number>
}

export interface Measured {
  /** Final usage as reported; more than one part where a call is made of iterations. Undefined: none was reported. */
  usage: UsagePart[] | undefined
  /** What the upstream itself says the call cost, nano-dollars. */
  statedNanos: number | undefined
  /** Output tokens of `usage` that only the total of the reported usage contains. */
  unnamedTokens: number
  /** An error without output and usage: it stands for an error status, and nothing is owed. */
  refused: boolean
  /** What an answer that broke off had told by then, of its usage or its tier: for an estimate only. */
  partial: Partial<UsagePart>
  /** The provider's own end of the answer was seen (message_stop, [DONE], response.completed, whole JSON). */
  ended: boolean
  /** Every choice of a stream has its finish reason: a clean end is whole then, though the end marker is missing. */
  finished?: boolean
  /** The provider reported an error inside a 200 answer. */
  failed: string | undefined
  /** Bytes of visible output text and tool JSON received; counted in streams only. */
  visibleBytes: number
  /** Events of a stream seen so far. */
  events: number
  /** What the events of a stream said of the response object, where the API announces one before its output. */
  response?: Readonly<Record<string, unknown>> | undefined
  /** A stream that stopped inside a frame: whatever is written next must begin on a new line. */
  midFrame: boolean
}

/** Watches the answer's bytes go by. Never keeps more than a bounded part, never throws on nonsense. */
export interface Meter {
  push(chunk: Uint8Array): void
  /** As soon as an event of a stream has told of an error; of a JSON answer only its end tells. */
  readonly failed?: string | undefined
  /** False while a stream has only announced a response. Absent where the API announces none. */
  readonly begun?: boolean
  /** Output tokens so far, at most: as reported, or the bytes of text received. Absent for JSON. */
  readonly outputSoFar?: number
  /** True once the upstream's own end of a stream was seen. Absent for JSON. */
  readonly ended?: boolean
  /** Called once, after the last chunk. */
  end(): Measured
}

/** Takes the one frame out of a stream that the gateway asked for and the caller did not; all other bytes stay. */
export interface FrameFilter {
  /** The bytes that may go on now, if any. A frame is kept back until it is known which one it is. */
  push(chunk: Uint8Array): Uint8Array | undefined
  end(): Uint8Array | undefined
}

/** An upstream's error answer, read: which refusal it becomes for our caller. */
export type UpstreamVerdict =
  /** 400, 404, 409, 413, 422: the caller's own fault; its message and details may be shown. */
  | {
      kind: 'caller'
      status: 400 | 404 | 409 | 413 | 422
      message: string
      type?: string
      code?: string
      param?: string
      /** SDKs choose their error class by `details.error_code`. */
      details?: Readonly<Record<string, unknown>>
    }
  /**
   * 401, 403, 402, spend limits: our key or our account is refused. Of a mere permission nobody knows whether the next
   * request needs it too: one caller may provoke it.
   */
  | { kind: 'account'; cause: 'key' | 'money' | 'permission' }
  | { kind: 'rate_limited' }
  | { kind: 'overloaded' }
  | { kind: 'unavailable' }
  | { kind: 'error' }

/** The provider's own token counter. It is free but costs a round trip, so it is asked only where the bound is too high. */
export interface TokenCounter {
  /** It counts for the models of this provider only. */
  maker: string
  /** Path and query of the question about a call to `target`. */
  target(target: string): string
  /** The question; undefined where the provider's count would not cover all that the call may read. */
  question(body: unknown, request: ParsedRequest): Buffer | undefined
  /** Input tokens, from the answer; undefined where it is none. */
  tokens(answer: Buffer): number | undefined
}

/** A model in the answer to GET /v1/models. */
export interface ListedModel {
  /** The name that requests use. An alias is listed under its own name, with the facts of its model. */
  id: string
  maker: string
  maxInput: number
  maxOutput: number
  displayName: string
  released: Date
}

type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>

/** What the APIs of one provider have in common. */
export interface Format {
  /** Upstreams list the formats that they speak by this name. Traces and /admin/explain report it. */
  name: string
  /** The status that clients of the format expect from an overloaded server. */
  overloadedStatus: 503 | 529
  /** The provider's own words for a model that the client may not use. Some clients match them. */
  noAccess(model: string): string
  /** Does a request to no known route use this format? */
  isUsedBy(request: { url: string; headers: RequestHeaders }): boolean
  /** The header that carries the upstream's key. */
  authorize(key: string, headers: RequestHeaders): Record<string, string>
  modelList(models: readonly ListedModel[]): object
  modelEntry(model: ListedModel): object
}

export interface Dialect {
  name: string
  format: Format
  /** `gen_ai.operation.name` in traces and metrics. */
  operation: string
  /** POST path, without query. */
  path: string
  /** Is the call paid for? (count_tokens is free) */
  paid: boolean
  /** Request headers sent on, byte for byte, lower case. Everything else stays here. */
  requestHeaders: readonly string[]
  /** Events of a stream that come before its output, and carry none. */
  preliminaryEvents?: readonly string[]
  /** Is a JSON response whole and successful, so that it may be cached? */
  isSuccess(response: JsonObject): boolean
  /** Reads a parsed body; throws refusal('invalid_request') naming the field, what was found and expected. */
  parse(body: unknown, raw: Buffer): ParsedRequest
  /** The bytes to send: the very same Buffer when there is nothing to put in. */
  rewrite(raw: Buffer, edits: Edits): Buffer
  /** A meter for one answer. */
  meter(request: ParsedRequest, stream: boolean): Meter
  /** The whole error body. */
  errorBody(error: Refusal, requestId: string): object
  /** The frames that end a running stream with an error; `seen` tells where the stream broke off. */
  errorEvent(
    error: Refusal,
    requestId: string,
    seen?: Pick<Measured, 'events' | 'midFrame' | 'response'>,
  ): string
  /** For a stream whose usage frame the gateway asked for and the caller did not. */
  hideUsageFrame?(): FrameFilter
  /** Where the maker's own API counts tokens. */
  counter?: TokenCounter
  limitHeaders(state: LimitState, at: number): Record<string, string>
  /** What it shows of the upstream's words is redacted. */
  upstreamError(status: number, body: Buffer, redaction: Redaction): UpstreamVerdict
}
