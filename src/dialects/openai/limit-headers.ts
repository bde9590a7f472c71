/** The limit headers of OpenAI's APIs, with the client's own limits. */

import { type LimitState, limitsIn } from '../wire/limit-state.ts'

/** `x-ratelimit-limit-requests` and so on. The reset is a duration in Go's format. */
export function limitHeaders(state: LimitState): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const { name, limit, remaining, resetMs } of limitsIn(state)) {
    headers[`x-ratelimit-limit-${name}`] = String(limit)
    headers[`x-ratelimit-remaining-${name}`] = String(remaining)
    headers[`x-ratelimit-reset-${name}`] = goDuration(resetMs)
  }
  return headers
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
