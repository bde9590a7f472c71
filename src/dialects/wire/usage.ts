/** Reads the token counts of a response. If a count is not an integer, the whole usage is invalid, because a wrong charge is worse than an estimate. */

import type { ParsedRequest, UsagePart } from '../dialect.ts'
import { isCount, isObject, type JsonObject, objectIn, textIn } from './json.ts'

/** The properties of the request that a meter needs. A value in the response has priority. */
export type Requested = Pick<ParsedRequest, 'model' | 'completions' | 'cacheWrite' | 'unbounded'>

/** Reads a count. Absent or null is 0; any value but an integer of at least 0 is NaN. */
export function count(usage: JsonObject, name: string): number {
  return requiredCount(usage, name, 0)
}

/** Reads a required count. */
export function requiredCount(usage: JsonObject, name: string, missing = Number.NaN): number {
  const value = usage[name] ?? missing
  return typeof value === 'number' && isCount(value) ? value : Number.NaN
}

/** Members of a usage with the cost of the call in US dollars. Aggregators report them. */
const costNames = ['cost', 'total_cost', 'cost_usd', 'estimated_cost']
/** The cost in ticks, as xAI reports it. */
const TICKS = 'cost_in_usd_ticks'
const TICKS_PER_DOLLAR = 1e10

/** Returns the cost that the upstream reports, nano-dollars; undefined without a valid cost. */
export function statedNanos(usage: unknown): number | undefined {
  const members = objectIn(usage)
  for (const name of costNames) {
    const value = isObject(members[name]) ? statedNanos(members[name]) : nanosIn(members[name])
    if (value !== undefined) return value
  }
  return nanosIn(members[TICKS], TICKS_PER_DOLLAR)
}

/** `unit`: how many of the value's units are one US dollar. */
function nanosIn(value: unknown, unit = 1): number | undefined {
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) return undefined
  const nanos = Math.round(Number(value) * (NANOS / unit))
  return isCount(nanos) ? nanos : undefined
}

const NANOS = 1e9

/** Reads a service tier. Compatible servers use capitals, or an empty text for no tier. */
export function tierIn(value: unknown): string | undefined {
  return textIn(value)?.trim().toLowerCase() || undefined
}

const REQUESTS = '_requests'
/** Tools without a fee. Their results count as tokens. */
const free = new Set(['tool_search', 'advisor', 'mcp'])

/**
 * Reads the runs of the provider's tools: `{ web_search_requests: 2 }` becomes `{ web_search: 2 }`. A name that ends in
 * `_requests` may have a fee, so an unknown one has no price. All other names are not runs.
 */
export function toolRuns(use: JsonObject): Record<string, number> {
  const runs: Record<string, number> = {}
  for (const name in use) {
    const tool = name.slice(0, -REQUESTS.length)
    if (!name.endsWith(REQUESTS) || free.has(tool)) continue
    const times = count(use, name)
    if (times !== 0) runs[tool] = times
  }
  return runs
}

/**
 * Reads cache writes by lifetime. In a stream the split may come before the sum and differ from it; the difference counts
 * with the requested lifetime.
 */
export function splitWrites(
  total: number,
  long: number,
  short: number,
  requested: Requested,
): [long: number, short: number] {
  if (Number.isNaN(long + short)) return [Number.NaN, Number.NaN]
  const unreported = Math.max(0, total - long - short)
  const lasting = Math.min(total, long + (requested.cacheWrite === '1h' ? unreported : 0))
  return [lasting, total - lasting]
}

/** Returns the parts if all counts are valid. Every call has tokens, so a usage of 0 tokens is no usage. */
export function validParts(parts: UsagePart[]): UsagePart[] | undefined {
  let isUsed = false
  const isValid = (value: unknown) => {
    isUsed ||= value !== 0
    return isCount(value)
  }
  for (const part of parts) {
    for (const name of countNames) if (!isValid(part[name])) return undefined
    for (const tool in part.tools) if (!isValid(part.tools[tool])) return undefined
  }
  return isUsed ? parts : undefined
}

const countNames = [
  'input',
  'cacheRead',
  'cacheWrite5m',
  'cacheWrite1h',
  'cacheWriteOther',
  'output',
  'reasoning',
] as const satisfies (keyof UsagePart)[]

/** Returns the later usage, unless its sum is smaller. */
export function fullerUsage(first: unknown, later: unknown): JsonObject | undefined {
  if (!isObject(later)) return isObject(first) ? first : undefined
  return isObject(first) && sumOf(later) < sumOf(first) ? first : later
}

/** Every call has tokens, so a usage of 0 tokens is no usage. */
export function hasTokens(usage: unknown): boolean {
  return isObject(usage) && sumOf(usage) > 0
}

function sumOf(usage: JsonObject): number {
  return Object.values(usage).reduce((sum: number, value) => sum + (typeof value === 'number' ? value : 0), 0)
}

/** A part without any tokens. */
export function emptyPart(model: string): UsagePart {
  const writes = { cacheWrite5m: 0, cacheWrite1h: 0, cacheWriteOther: 0 }
  const named = { tier: undefined, speed: undefined, geo: undefined }
  return { model, ...named, input: 0, cacheRead: 0, ...writes, output: 0, reasoning: 0, tools: {} }
}
