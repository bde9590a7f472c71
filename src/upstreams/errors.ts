/** Converts errors of a provider to refusals, because its bodies name our organisation and its statuses concern our key. */

import type { Dialect, UpstreamVerdict } from '../dialects/dialect.ts'
import type { Redaction } from '../dialects/wire/redact.ts'
import { isAboutAccount, LONGEST_MESSAGE } from '../dialects/wire/upstream-error.ts'
import { FINAL, LONGEST_RETRY, type Refusal, type RefusalCode, refusal, retryAfter } from '../errors.ts'
import type { Failure, Headers } from './connection.ts'

const CALLERS_FAULT: Record<Extract<UpstreamVerdict, { kind: 'caller' }>['status'], RefusalCode> = {
  400: 'invalid_request',
  404: 'not_found',
  409: 'conflict',
  413: 'request_too_large',
  422: 'unprocessable',
}

const WORDS = {
  account: ['upstream_refused_us', 'The provider does not accept the gateway. Its operators have an alert.'],
  permission: ['upstream_forbidden', 'The provider does not let the gateway make this call.'],
  rate_limited: ['upstream_rate_limited', 'The provider is limiting the gateway; try again later.'],
  overloaded: ['upstream_overloaded', 'The provider is overloaded; try again later.'],
  unavailable: ['upstream_unavailable', 'The provider is unavailable; try again later.'],
  error: ['upstream_error', 'The provider failed.'],
} as const satisfies Record<string, readonly [RefusalCode, string]>

const FAILURES = {
  unreachable: ['upstream_error', 'The provider cannot be reached.'],
  timeout: ['upstream_timeout', 'The provider did not answer in time.'],
  cut: ['upstream_error', 'The provider ended the connection before its response was complete.'],
  undecodable: ['upstream_error', 'The provider gave a response that cannot be decoded.'],
  credentials: ['upstream_refused_us', 'The gateway has no valid credentials. Its operators have an alert.'],
  aborted: ['upstream_error', 'The call was stopped.'],
} as const satisfies Record<Failure, readonly [RefusalCode, string]>

/** A response with an error status, as the refusal it becomes for the caller. */
export function refusedBy(
  dialect: Dialect,
  { status, headers, body }: { status: number; headers: Headers; body: Buffer },
  redaction: Redaction,
  reason = `the provider answered ${status}`,
): Refusal {
  const verdict = dialect.upstreamError(status, body, redaction)
  if (verdict.kind === 'caller') {
    const { message, param, code, details: upstreamDetails } = verdict
    const details = { ...(param && { param }), ...(code && { upstream_code: code }) }
    return refusal(CALLERS_FAULT[verdict.status], message, {
      details,
      upstreamDetails,
      reason,
      longest: LONGEST_MESSAGE,
    })
  }
  // The next call may not need this permission, so the account is not at fault.
  const isPermission = verdict.kind === 'account' && verdict.cause === 'permission'
  const [code, words] = WORDS[isPermission ? 'permission' : verdict.kind]
  // The fault is our account's: a retry fails too.
  const retry = verdict.kind === 'account' ? FINAL : waitOf(headers)
  return refusal(code, words, { headers: { ...retry }, reason })
}

export function brokenOff(failure: Failure): Refusal {
  const [code, words] = FAILURES[failure]
  return refusal(code, words, { reason: failure })
}

export function unreadable(reason: string): Refusal {
  return refusal('upstream_error', 'The provider sent a response that cannot be read.', { reason })
}

/** An error inside a successful response. */
export function failedInside(failed: string): Refusal {
  if (!isAboutAccount(failed)) return unreadable(`an error inside the response: ${failed}`)
  const [code, words] = WORDS.account
  return refusal(code, words, {
    headers: { ...FINAL },
    reason: `the provider answered ${failed} inside a 200 response`,
  })
}

/** The provider's own wait, at most a minute. */
function waitOf(headers: Headers): Record<string, string> {
  const milliseconds = Number(headers['retry-after-ms'] ?? retryAfterMs(headers))
  return milliseconds > 0 ? retryAfter(Math.min(milliseconds, LONGEST_RETRY)) : {}
}

/** A date counts from the time of the response by the provider's own clock, since clocks differ. */
function retryAfterMs({ 'retry-after': after, date }: Headers): number {
  const seconds = Number(after)
  return Number.isNaN(seconds) ? Date.parse(String(after)) - Date.parse(String(date)) : seconds * 1000
}
