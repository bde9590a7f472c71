/** The limit headers of OpenAI's APIs, with the client's own limits. */

import { headersOf, type LimitState, limitNames } from '../wire/limit-state.ts'

/** The reset is a duration in Go's format. */
const names = limitNames(kind => ({
  limit: `x-ratelimit-limit-${kind}`,
  remaining: `x-ratelimit-remaining-${kind}`,
  resetMs: `x-ratelimit-reset-${kind}`,
}))

export function limitHeaders(state: LimitState): Record<string, string> {
  return headersOf(state, names, goDuration)
}

/** `0s`, `12ms`, `1.5s`, `6m0s`, `1h0m0s`. */
export function goDuration(ms: number): string {
  const whole = Math.ceil(Math.max(0, ms))
  if (whole > 0 && whole < 1000) return `${whole}ms`
  const hours = Math.floor(whole / 3_600_000)
  const minutes = Math.floor(whole / 60_000) % 60
  const seconds = `${(whole % 60_000) / 1000}s`
  if (hours > 0) return `${hours}h${minutes}m${seconds}`
  return minutes > 0 ? `${minutes}m${seconds}` : seconds
}
