/** Reads Anthropic's usage: uncached input, cache writes of two lifetimes, and calls of several iterations. */

import type { UsagePart } from '../dialect.ts'
import { isObject, type JsonObject, listIn, objectIn, textIn } from '../wire/json.ts'
import {
  count,
  type Requested,
  requiredCount,
  splitWrites,
  statedNanos,
  tierIn,
  toolRuns,
  validParts,
} from '../wire/usage.ts'

/** The part of `Measured` that has the final usage. */
export function readUsage(usage: JsonObject, model: string, requested: Requested) {
  const parts = usageParts(usage, model, requested)
  const unnamed = parts?.length === 1 ? excessOf(usage, parts[0]!) : 0
  return {
    usage: unnamed === 0 ? parts : parts?.map(part => ({ ...part, output: part.output + unnamed })),
    unnamedTokens: unnamed,
    statedNanos: statedNanos(usage),
  }
}

/** Tokens that only the total contains. Some compatible servers report them. */
function excessOf(usage: JsonObject, part: UsagePart): number {
  const { input, cacheRead, cacheWrite5m, cacheWrite1h, output } = part
  const named = input + cacheRead + cacheWrite5m + cacheWrite1h + output
  return Math.max(0, count(usage, 'total_tokens') - named) || 0
}

/**
 * Returns the priced parts of a final usage. If the usage has iterations, only they count, because the top level lacks
 * compactions, advisors, and models that failed. Undefined if the usage is invalid.
 */
function usageParts(usage: JsonObject, model: string, requested: Requested): UsagePart[] | undefined {
  const whole = usagePart(usage, model, requested)
  if (usage.iterations === undefined) return validParts([whole])
  const iterations = listIn(usage.iterations).filter(isObject)
  if (iterations.length === 0) return validParts([whole])
  const { tier, speed, geo, reasoning, tools } = whole
  const parts = iterations.map(iteration => ({
    ...usagePart(iteration, textIn(iteration.model) ?? model, requested),
    tier,
    speed,
    geo,
  }))
  // These are reported once for the whole call, so the iteration with the response has them.
  const lastMessage = iterations.findLastIndex(
    ({ type }) => type === 'message' || type === 'fallback_message',
  )
  Object.assign(parts[Math.max(0, lastMessage)]!, { reasoning, tools })
  return validParts(parts)
}

export function usagePart(usage: JsonObject, model: string, requested: Requested): UsagePart {
  const { cacheWrite5m, cacheWrite1h } = cacheWrites(usage, requested)
  return {
    model,
    tier: tierIn(usage.service_tier),
    speed: textIn(usage.speed),
    geo: textIn(usage.inference_geo),
    input: requiredCount(usage, 'input_tokens'),
    cacheRead: count(usage, 'cache_read_input_tokens'),
    cacheWrite5m,
    cacheWrite1h,
    cacheWriteOther: 0,
    output: requiredCount(usage, 'output_tokens'),
    reasoning: count(objectIn(usage.output_tokens_details), 'thinking_tokens'),
    tools: toolRuns(objectIn(usage.server_tool_use)),
  }
}

function cacheWrites(usage: JsonObject, requested: Requested) {
  const split = objectIn(usage.cache_creation)
  const hour = count(split, 'ephemeral_1h_input_tokens')
  const minutes = count(split, 'ephemeral_5m_input_tokens')
  const total = requiredCount(usage, 'cache_creation_input_tokens', hour + minutes)
  const [cacheWrite1h, cacheWrite5m] = splitWrites(total, hour, minutes, requested)
  return { cacheWrite1h, cacheWrite5m }
}

/** The input counts. A later usage may move tokens between them. */
const PROMPT = ['input_tokens', 'cache_read_input_tokens', 'cache_creation_input_tokens']

/**
 * Merges two usages of one stream. A later value replaces the earlier one unless it is null or smaller. The input counts
 * are replaced together, unless their sum is smaller.
 */
export function largerUsage(earlier: JsonObject | undefined, later: JsonObject): JsonObject {
  if (!earlier) return later
  const larger: Record<string, unknown> = { ...earlier }
  for (const [name, value] of Object.entries(later)) larger[name] = largerValue(name, earlier[name], value)
  if (promptOf(larger) < promptOf(earlier))
    for (const name of [...PROMPT, 'cache_creation']) larger[name] = earlier[name]
  return larger
}

function largerValue(name: string, before: unknown, value: unknown): unknown {
  if (value === null) return before
  if (isObject(before) && isObject(value)) return largerUsage(before, value)
  if (PROMPT.includes(name)) return value
  // The list of iterations never shrinks, so the longer list counts.
  if (Array.isArray(before)) return listIn(value).length < before.length ? before : value
  const isSmaller = typeof before === 'number' && typeof value === 'number' && value >= 0 && value < before
  return isSmaller ? before : value
}

function promptOf(usage: JsonObject): number {
  return PROMPT.reduce((sum, name) => sum + count(usage, name), 0)
}
