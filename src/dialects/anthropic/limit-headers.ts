/** The limit headers of Anthropic's API, with the client's own limits. */

import { type LimitState, limitsIn } from '../wire/limit-state.ts'

/** `anthropic-ratelimit-requests-limit` and so on. The reset is a time. */
export function limitHeaders(state: LimitState, at: number): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const { name, limit, remaining, resetMs } of limitsIn(state)) {
    headers[`anthropic-ratelimit-${name}-limit`] = String(limit)
    headers[`anthropic-ratelimit-${name}-remaining`] = String(remaining)
    headers[`anthropic-ratelimit-${name}-reset`] = wholeSecond(at + resetMs)
  }
  return headers
}

/** RFC 3339, rounded up to the second: `2026-11-23T12:00:05Z`. */
function wholeSecond(time: number): string {
  return `${new Date(Math.ceil(time / 1000) * 1000).toISOString().slice(0, 19)}Z`
}
