/**
 * Every refusal of the gateway, in one table. A refusal says what happened;
 * the dialect writes it in the format of its provider (`dialect.errorBody`).
 */

import createError from '@fastify/error'

/** The kind of error. Each dialect maps it to its own error types. */
export type Family =
  | 'invalid_request'
  | 'authentication'
  | 'permission'
  | 'not_found'
  | 'conflict'
  | 'too_large'
  | 'rate_limit'
  | 'billing'
  | 'timeout'
  | 'overloaded'
  | 'api'

const kinds = {
  missing_key: [401, 'authentication'],
  invalid_key: [403, 'permission'],
  conflicting_keys: [400, 'invalid_request'],
  model_not_allowed: [404, 'not_found'],
  model_not_found: [404, 'not_found'],
  model_not_priced: [400, 'invalid_request'],
  invalid_request: [400, 'invalid_request'],
  unbounded_feature: [400, 'invalid_request'],
  feature_not_allowed: [400, 'invalid_request'],
  not_found: [404, 'not_found'],
  method_not_allowed: [405, 'invalid_request'],
  request_timeout: [408, 'timeout'],
  conflict: [409, 'conflict'],
  expectation_failed: [417, 'invalid_request'],
  upgrade_required: [426, 'invalid_request'],
  request_too_large: [413, 'too_large'],
  headers_too_large: [431, 'too_large'],
  unsupported_media_type: [415, 'invalid_request'],
  unprocessable: [422, 'invalid_request'],
  rate_limited: [429, 'rate_limit'],
  loop_detected: [429, 'rate_limit'],
  budget_in_flight: [429, 'rate_limit'],
  request_exceeds_budget: [402, 'billing'],
  budget_exceeded: [402, 'billing'],
  unavailable: [503, 'api'],
  overloaded: [529, 'overloaded'],
  interrupted: [503, 'api'],
  internal: [500, 'api'],
  upstream_rate_limited: [429, 'rate_limit'],
  upstream_error: [502, 'api'],
  upstream_unavailable: [503, 'api'],
  upstream_overloaded: [529, 'overloaded'],
  upstream_refused_us: [502, 'api'],
  upstream_forbidden: [502, 'api'],
  upstream_timeout: [504, 'timeout'],
  not_cached: [504, 'timeout'],
} as const satisfies Record<string, readonly [number, Family]>

export type RefusalCode = keyof typeof kinds

/** All error codes. */
export const refusalCodes: readonly string[] = Object.keys(kinds)

/** The cause of a refusal for programs: fields of `error.details` beside `error_code`, in snake_case. */
export type Details = Record<string, string | number | boolean | string[]>

export interface Refusal extends Error {
  code: RefusalCode
  family: Family
  statusCode: number
  details: Details
  /** The upstream's `error.details`, if the fault is the caller's. They override ours. */
  upstreamDetails: Readonly<Record<string, unknown>>
  /** Response headers that belong to this refusal: `retry-after`, `x-should-retry`. */
  headers: Record<string, string>
  /** The exact cause, for the log only. A caller never gets it. */
  reason: string | undefined
}

const constructors = new Map(
  Object.entries(kinds).map(([code, [status]]) => [code, createError(code, '%s', status, Error, false)]),
)

/** Makes a refusal to throw; `unavailable()` of outages.ts makes those of an outage. `message` is one sentence: what was found, what was expected, how to fix it. */
export function refusal(
  code: RefusalCode,
  message: string,
  extra: {
    details?: Details
    upstreamDetails?: Readonly<Record<string, unknown>> | undefined
    headers?: Record<string, string>
    reason?: string
    /** The longest message, in characters, if it quotes an upstream. */
    longest?: number
  } = {},
): Refusal {
  const Refused = constructors.get(code)
  if (!Refused) throw new Error(`errors.ts knows no refusal '${code}'`)
  // The message is an argument, because a quoted request may contain a '%'.
  return Object.assign(new Refused(short(message, extra.longest)), {
    code,
    family: kinds[code][1],
    statusCode: kinds[code][0],
    details: shortened(extra.details ?? {}),
    upstreamDetails: extra.upstreamDetails ?? {},
    headers: extra.headers ?? {},
    reason: extra.reason && short(extra.reason),
  })
}

/** Limit on messages, in characters: a message may quote the request, which may have megabytes. */
const LONGEST = 500

function short(text: string, longest = LONGEST): string {
  return text.length <= longest ? text : `${text.slice(0, longest)}…`
}

function shortened(details: Details): Details {
  const entries = Object.entries(details)
  return Object.fromEntries(
    entries.map(([name, value]) => [name, typeof value === 'string' ? short(value) : value]),
  )
}

/** The refusal of a call whose caller has disconnected. It is only logged. */
export function callerGone(): Refusal {
  return refusal('unavailable', 'The caller has disconnected.')
}

export function isRefusal(error: unknown): error is Refusal {
  return error instanceof Error && 'family' in error && 'details' in error
}

/** SDKs ignore a longer wait and retry by their own schedule. */
export const LONGEST_RETRY = 60_000

/** Stops the makers' SDKs from retrying. */
export const FINAL: Readonly<Record<string, string>> = { 'x-should-retry': 'false' }

/** The retry headers for a wait: in whole seconds, at least 1, and in milliseconds. */
export function retryAfter(ms: number): Record<string, string> {
  const wait = Math.max(1, Math.ceil(ms))
  return {
    'retry-after': String(Math.ceil(wait / 1000)),
    'retry-after-ms': String(wait),
    ...(wait > LONGEST_RETRY && FINAL),
  }
}
