/** The limit headers of both families, filled with the client's own limits. */

import type { LimitState } from '../dialect.ts'

/** `anthropic-ratelimit-requests-limit` and so on; the reset is a time. */
export function anthropicLimits(state: LimitState, at: number): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of ['requests', 'tokens'] as const) {
    const { limit, remaining, resetMs } = state[name] ?? {}
    if (limit === undefined || remaining === undefined || resetMs === undefined) continue
    headers[`anthropic-ratelimit-${name}-limit`] = String(limit)
    headers[`anthropic-ratelimit-${name}-remaining`] = atLeastNone(remaining)
    headers[`anthropic-ratelimit-${name}-reset`] = wholeSecond(at + resetMs)
  }
  return headers
}

/** `x-ratelimit-limit-requests` and so on; the reset is a duration as Go writes it. */
export function openaiLimits(state: LimitState): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const name of ['requests', 'tokens'] as const) {
    const { limit, remaining, resetMs } = state[name] ?? {}
    if (limit === undefined || remaining === undefined || resetMs === undefined) continue
    headers[`x-ratelimit-limit-${name}`] = String(limit)
    headers[`x-ratelimit-remaining-${name}`] = atLeastNone(remaining)
    headers[`x-ratelimit-reset-${name}`] = goDuration(resetMs)
  }
  return headers
}

/** Buckets may be in debt, and hold fractions. */
function atLeastNone(remaining: number): string {
  return String(Math.max(0, Math.floor(remaining)))
}

/** RFC 3339, upwards: `2026-11-23T12:00:05Z`. */
function wholeSecond(time: number): string {
  return `${new Date(Math.ceil(time / 1000) * 1000).toISOString().slice(0, 19)}Z`
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
