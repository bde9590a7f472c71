/** The limit headers of Anthropic's API, with the client's own limits. */

import { headersOf, type LimitState, limitNames } from '../wire/limit-state.ts'

/** The reset is a time. */
const names = limitNames(kind => ({
  limit: `anthropic-ratelimit-${kind}-limit`,
  remaining: `anthropic-ratelimit-${kind}-remaining`,
  resetMs: `anthropic-ratelimit-${kind}-reset`,
}))

export function limitHeaders(state: LimitState, at: number): Record<string, string> {
  return headersOf(state, names, resetMs => wholeSecond(at + resetMs))
}

/** Most buckets are full within a minute, so the same seconds come again and again. */
const written = new Map<number, string>()
const MOST = 1000

/** RFC 3339, rounded up to the second: `2026-11-23T12:00:05Z`. */
function wholeSecond(time: number): string {
  const second = Math.ceil(time / 1000)
  const known = written.get(second)
  if (known !== undefined) return known
  if (written.size >= MOST) written.clear()
  const text = `${new Date(second * 1000).toISOString().slice(0, 19)}Z`
  written.set(second, text)
  return text
}
