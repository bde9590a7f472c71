/**
 * A dialect is the wire format of one provider API: its path, the request fields that the gateway reads, the edits of a
 * request, the meter of a response, and the format of errors. No code outside this folder names a field of a provider's
 * JSON.
 */

import type { Refusal } from '../errors.ts'
import type { JsonObject } from './wire/json.ts'
import type { Scanned } from './wire/json-limits.ts'
import type { LimitState } from './wire/limit-state.ts'
import type { Redaction } from './wire/redact.ts'
import type { ResponseShape } from './wire/response-shape.ts'

/** Features without an upper bound on the cost. A client's `allow` setting permits each by name. */
export type AllowedFeature = 'server_tools' | 'stored' | 'background' | 'files'

/** A parsed request, in the gateway's own terms. Token counts are integers. */
export interface ParsedRequest {
  model: string
  stream: boolean
  /** The request's ceiling on output tokens per completion; undefined if it has none. */
  maxOutputTokens: number | undefined
  /** Highest number of completions that the provider generates (`n`, `best_of` and similar parameters). */
  completions: number
  /** False for an API without an output ceiling (embeddings, token counts). */
  hasOutput: boolean
  /** Output tokens per completion that may be charged above the ceiling: rejected tokens of a prediction. */
  predicted: number
  /**
   * Upper bound on input tokens, without images; Infinity if only the model's maximum input bounds it. The first read
   * computes it, because that takes time and a refused call does not need it.
   */
  inputBound: number
  /** Number of images in the prompt. The price table has the highest tokens of an image on each model. */
  images: number
  /** Bytes of text in the body, JSON syntax included. */
  textBytes: number
  /** True: the request has input of unknown size, such as a document, a file, an unknown part or results of a provider's tool. */
  unseen: boolean
  /** Calibrated estimate of input tokens, for token buckets. */
  inputGuess: number
  /** The most expensive cache write that the request asks for. `other`: the provider decides, as on routes where it writes unasked. */
  cacheWrite: 'none' | '5m' | '1h' | 'other'
  /** Service tier, speed and place, as the request names them. They multiply the price. */
  tier: string | undefined
  speed: string | undefined
  geo: string | undefined
  /** True: a stream may have hidden reasoning, so its bytes do not show how much output it has. */
  hiddenOutput: boolean
  /**
   * Features without a bound, each with the setting that allows it. `fee`: the name of the fee of a provider's tool.
   * `uses`: the request's limit on the tool's runs. Each run can cost the fee that `tool` names and the model's largest input.
   */
  unbounded: readonly {
    feature: string
    allowedBy: AllowedFeature
    fee?: string
    uses?: { most: number; tool: string }
    /** The error code that makes the provider's SDK retry without the feature. */
    errorCode?: string
  }[]
  /** True: the request asks for the usage frame of a stream (OpenAI chat: stream_options.include_usage). */
  wantsUsageFrame: boolean
  /** True: the request asks the provider to store, or has no preference and the provider stores by default. */
  stores: boolean
  /** The feature that refers to an earlier response. The provider has that response only if it was stored. */
  recalls?: string | undefined
  /** The request's own prompt_cache_key, if it has one. */
  promptCacheKey: string | undefined
}

/** How the body of a request to one upstream differs from the format. The upstream's type defines it. */
export interface TargetEdits {
  /** The output limit of a chat has this name, if the gateway sets one. */
  outputLimit?: 'max_tokens' | 'max_completion_tokens'
  /** True: the upstream does not take the limit's other name, so the caller's limit gets this name. */
  onlyOutputLimit?: boolean
  /** True: it refuses the options of a stream. */
  refusesStreamOptions?: boolean
  /** True: its path has the model, so the body must not have it. */
  modelInPath?: boolean
  /** The version of the API, if the body has it instead of a header. */
  versionInBody?: string
}

/** The members that the gateway sets in a request. docs/api.md lists each. Nothing else is changed. */
export interface Edits extends TargetEdits {
  /** The upstream's own name of the model. */
  model?: string
  maxOutputTokens?: number
  /** The model's entry in the price table. It determines the name of the ceiling, because a request may use an alias. */
  price?: { maker: string; hidesOutput: boolean }
  includeUsage?: boolean
  noStore?: boolean
  promptCacheKey?: string
}

/** One priced part of a call. All counts are disjoint integers, except `reasoning`, which is part of `output`. */
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
  /** Number of runs of each tool with a fee, such as { web_search: 2 }. */
  tools: Record<string, number>
}

export interface Measured {
  /** Final usage as reported. A call of several iterations has several parts. Undefined: no usage was reported. */
  usage: UsagePart[] | undefined
  /** The cost that the upstream reports, nano-dollars. */
  statedNanos: number | undefined
  /** Output tokens of `usage` that only the total of the reported usage contains. */
  unnamedTokens: number
  /** True: an error without output and usage. It counts as an error status and costs nothing. */
  refused: boolean
  /** The usage and tier that an incomplete response has reported. Only estimates use it. */
  partial: Partial<UsagePart>
  /** True: the provider's end of the response has come (message_stop, [DONE], response.completed, whole JSON). */
  ended: boolean
  /** True: every choice of a stream has its finish reason. A clean end is then complete without the end marker. */
  finished?: boolean
  /** The error that the provider reported inside a 200 response. */
  failed: string | undefined
  /** Bytes of visible output text and tool JSON received; counted in streams only. */
  visibleBytes: number
  /** Number of events of a stream so far. */
  events: number
  /** The response object from the events of a stream, if the API announces one before its output. */
  response?: Readonly<Record<string, unknown>> | undefined
  /** True: a stream stopped inside a frame, so the next frame must begin on a new line. */
  midFrame: boolean
}

/** Reads usage from the bytes of a response. It keeps only a bounded part, and never throws on invalid bytes. */
/** Its facts are methods: V8 would keep all that a getter of an object literal can see until its next major collection. */
export interface Meter {
  push(chunk: Uint8Array): void
  /** The error of a stream, set with its event. Absent for JSON, which is read at its end. */
  failed?(): string | undefined
  /** False while a stream has only announced a response. Absent if the API announces none. */
  begun?(): boolean
  /** Upper bound on the output tokens so far: as reported, or the bytes of text received. Absent for JSON. */
  outputSoFar?(): number
  /** True after the upstream's own end of a stream. Absent for JSON. */
  ended?(): boolean
  /** Call it once, after the last chunk. */
  end(): Measured
}

/** Removes the usage frame from a stream if only the gateway asked for it. All other bytes stay. */
export interface FrameFilter {
  /** Returns the bytes to send now, if any. It holds a frame back until its kind is known. */
  push(chunk: Uint8Array): Uint8Array | undefined
  end(): Uint8Array | undefined
}

/** The kind of an upstream's error response. It determines the refusal for the client. */
export type UpstreamVerdict =
  /** 400, 404, 409, 413, 422: a fault of the request. The client may see its message and details. */
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
   * 401, 403, 402, spend limits: the provider refuses the gateway's key or account. A missing permission may concern only
   * this request, and one client may cause it on purpose.
   */
  | { kind: 'account'; cause: 'key' | 'money' | 'permission' }
  | { kind: 'rate_limited' }
  | { kind: 'overloaded' }
  | { kind: 'unavailable' }
  | { kind: 'error' }

/** The provider's own token counter. It is free but takes a round trip, so it is used only if the bound is too high. */
export interface TokenCounter {
  /** The provider whose models it counts for. */
  maker: string
  /** Path and query of the counter for a call to `target`. */
  target(target: string): string
  /** The counter's request; undefined if the count would not include all input of the call. */
  question(body: unknown, request: ParsedRequest): Buffer | undefined
  /** The input tokens in the counter's response; undefined if it has none. */
  tokens(response: Buffer): number | undefined
}

/** A model in the response of GET /v1/models. */
export interface ListedModel {
  /** The name for requests. An alias is listed under its own name, with the properties of its model. */
  id: string
  maker: string
  maxInput: number
  maxOutput: number
  displayName: string
  released: Date
}

type RequestHeaders = Readonly<Record<string, string | string[] | undefined>>

/** The common properties of the APIs of one provider. */
export interface Format {
  /** Upstreams list the formats that they speak by this name. Traces and /admin/explain report it. */
  name: string
  /** The status that clients of the format expect from an overloaded server. */
  overloadedStatus: 503 | 529
  /** The provider's own message for a model that the client may not use. Some clients match it. */
  noAccess(model: string): string
  /** Returns true if a request to an unknown route uses this format. */
  isUsedBy(request: { url: string; headers: RequestHeaders }): boolean
  /** Returns the header with the upstream's key. */
  authorize(key: string, headers: RequestHeaders): Record<string, string>
  /** What distinguishes output from an error in the format's responses. */
  responses: ResponseShape
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
  /** False if the API is free (count_tokens). */
  paid: boolean
  /** Names in lower case of the request headers that go to the upstream unchanged. Other headers are dropped. */
  requestHeaders: readonly string[]
  /** The members of a request that begin the prompt, in the order in which the provider reads them. */
  promptMembers: readonly string[]
  /** Events of a stream that come before its output and have none. */
  preliminaryEvents?: readonly string[]
  /** Returns true if a JSON response is whole and successful, so that the cache may store it. */
  isSuccess(response: JsonObject): boolean
  /**
   * Reads a parsed body. `scanned`: what a scan has found in its bytes already. Throws
   * refusal('invalid_request') with the field, the found and the expected value.
   */
  parse(body: unknown, raw: Buffer, scanned?: Scanned): ParsedRequest
  /** Returns the bytes to send; the same Buffer if there are no edits. */
  rewrite(raw: Buffer, edits: Edits): Buffer
  /** Creates the meter of one response. */
  meter(request: ParsedRequest, stream: boolean): Meter
  /** The whole error body. */
  errorBody(error: Refusal, requestId: string): object
  /** Returns the frames that end a running stream with an error. `seen` has the state of the stream. */
  errorEvent(
    error: Refusal,
    requestId: string,
    seen?: Pick<Measured, 'events' | 'midFrame' | 'response'>,
  ): string
  /** For a stream with a usage frame that only the gateway asked for. */
  hideUsageFrame?(): FrameFilter
  /** The token counter of the provider's own API, if it has one. */
  counter?: TokenCounter
  limitHeaders(state: LimitState, at: number): Record<string, string>
  /** Reads an error response. Quoted text of the upstream is redacted. */
  upstreamError(status: number, body: Buffer, redaction: Redaction): UpstreamVerdict
}
