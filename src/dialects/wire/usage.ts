/** Token counts as an answer reports them. One that is no whole number spoils the whole usage: better none than a wrong one. */

import type { ParsedRequest, UsagePart } from '../dialect.ts'
import { isObject, type JsonObject, objectIn, textIn } from './json.ts'

/** What a meter needs of the request; the answer's own word comes first wherever it has one. */
export type Requested = Pick<ParsedRequest, 'model' | 'completions' | 'cacheWrite' | 'unbounded'>

/** A count; absent or null is 0, and what is no whole number of at least 0 is NaN. */
export function count(usage: JsonObject, name: string): number {
  return requiredCount(usage, name, 0)
}

/** The same, where a usage cannot do without it. */
export function requiredCount(usage: JsonObject, name: string, missing = Number.NaN): number {
  const value = usage[name] ?? missing
  return typeof value === 'number' && isCount(value) ? value : Number.NaN
}

/** Members of a usage in which aggregators state what the call cost, US dollars. */
const costNames = ['cost', 'total_cost', 'cost_usd', 'estimated_cost']

/** The cost that the upstream states, nano-dollars; undefined where it states none that can be counted. */
export function statedNanos(usage: unknown): number | undefined {
  const members = objectIn(usage)
  for (const name of costNames) {
    const value = isObject(members[name]) ? statedNanos(members[name]) : nanosIn(members[name])
    if (value !== undefined) return value
  }
  return undefined
}

function nanosIn(value: unknown): number | undefined {
  if (typeof value !== 'number' && (typeof value !== 'string' || value.trim() === '')) return undefined
  const nanos = Math.round(Number(value) * NANOS)
  return isCount(nanos) ? nanos : undefined
}

const NANOS = 1e9

/** A service tier; compatible servers write it in capitals, or as an empty text for none. */
export function tierIn(value: unknown): string | undefined {
  return textIn(value)?.trim().toLowerCase() || undefined
}

const REQUESTS = '_requests'
/** Runs of these have no fee: what they bring is counted as tokens. */
const free = new Set(['tool_search', 'advisor', 'mcp'])

/**
 * Runs of the provider's tools: `{ web_search_requests: 2 }` as `{ web_search: 2 }`. A name that ends in `_requests` may
 * have a fee, so an unknown one has no price; all other names count something else.
 */
export function toolRuns(use: JsonObject): Record<string, number> {
  const runs: Record<string, number> = {}
  for (const name of Object.keys(use)) {
    const tool = name.slice(0, -REQUESTS.length)
    if (!name.endsWith(REQUESTS) || free.has(tool)) continue
    const times = count(use, name)
    if (times !== 0) runs[tool] = times
  }
  return runs
}

/**
 * Cache writes, of which an answer may tell how many live long. In a stream the split may come before the sum and differ
 * from it: what it does not tell of lives as long as was asked for.
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

/** The parts, if all of their counts can be counted with. Every call has some tokens, so that 0 in all is no report. */
export function validParts(parts: UsagePart[]): UsagePart[] | undefined {
  const counts = parts.flatMap(({ tools, ...part }) => [...Object.values(part), ...Object.values(tools)])
  const wrong = counts.some(value => typeof value === 'number' && !isCount(value))
  return wrong || !counts.some(value => typeof value === 'number' && value > 0) ? undefined : parts
}

/** The usage that was reported first, or a later one, if its numbers are not smaller altogether. */
export function fullerUsage(first: unknown, later: unknown): JsonObject | undefined {
  if (!isObject(later)) return isObject(first) ? first : undefined
  return isObject(first) && sumOf(later) < sumOf(first) ? first : later
}

/** Every call has some tokens, so that 0 in all is no report. */
export function hasTokens(usage: unknown): boolean {
  return isObject(usage) && sumOf(usage) > 0
}

function sumOf(usage: JsonObject): number {
  return Object.values(usage).reduce((sum: number, value) => sum + (typeof value === 'number' ? value : 0), 0)
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}

/** A part without any tokens. */
export function emptyPart(model: string): UsagePart {
  const writes = { cacheWrite5m: 0, cacheWrite1h: 0, cacheWriteOther: 0 }
  const named = { tier: undefined, speed: undefined, geo: undefined }
  return { model, ...named, input: 0, cacheRead: 0, ...writes, output: 0, reasoning: 0, tools: {} }
}
