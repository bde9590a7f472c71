/** Reads the usage of OpenAI's APIs: input counts what was cached, output counts what was reasoned. */

import type { UsagePart } from '../dialect.ts'
import { type JsonObject, objectIn } from '../wire/json.ts'
import {
  count,
  type Requested,
  requiredCount,
  splitWrites,
  statedNanos,
  tierIn,
  validParts,
} from '../wire/usage.ts'

/** What each API calls its counts. */
export interface Names {
  input: string
  output: string
}

export const chatNames: Names = { input: 'prompt_tokens', output: 'completion_tokens' }
export const responseNames: Names = { input: 'input_tokens', output: 'output_tokens' }

/** What the answer says of itself beside its usage. */
export interface Served {
  model: string
  tier: unknown
  /** Calls of tools that are charged by the call. */
  tools: Record<string, number>
}

function usagePart(usage: JsonObject, names: Names, served: Served, requested: Requested): UsagePart {
  const inputs = objectIn(usage[`${names.input}_details`])
  const outputs = objectIn(usage[`${names.output}_details`])
  const cacheRead = cachedTokens(usage, inputs)
  const writes = cacheWrites(inputs, requested)
  const reasoning = count(outputs, 'reasoning_tokens')
  const tokens = tokensOf(usage, names, cacheRead + writes.cacheWrite1h + writes.cacheWriteOther, reasoning)
  // Counted as text here, but dearer than it: a model that speaks has no price unless one is set for this.
  const audio = count(inputs, 'audio_tokens') + count(outputs, 'audio_tokens')
  return {
    model: served.model,
    tier: tierIn(served.tier),
    speed: undefined,
    geo: undefined,
    input: tokens.input,
    cacheRead,
    cacheWrite5m: 0,
    ...writes,
    output: tokens.output,
    reasoning,
    tools: audio === 0 ? served.tools : { ...served.tools, audio_tokens: audio },
  }
}

/** Some servers use the names of the other API. */
function namesIn(usage: JsonObject, usual: Names): Names {
  const isUsual = usage[usual.input] !== undefined || usage[usual.output] !== undefined
  if (isUsual) return usual
  return usual === chatNames ? responseNames : chatNames
}

/** Names by which compatible servers report cached input beside its details. */
const cachedNames = [
  'cached_tokens',
  'num_cached_tokens',
  'prompt_cache_hit_tokens',
  'cached_prompt_tokens',
  'cached_input_tokens',
  'cache_read_tokens',
  'cache_read_input_tokens',
]

function cachedTokens(usage: JsonObject, inputs: JsonObject): number {
  return Math.max(count(inputs, 'cached_tokens'), ...cachedNames.map(name => count(usage, name)))
}

/**
 * Uncached input and all output. Some servers count what was cached, or what was reasoned, beside the two numbers: then
 * the total is larger than their sum. Any other excess of the total is output that the usage does not name.
 */
function tokensOf(usage: JsonObject, names: Names, cached: number, reasoning: number) {
  const [input, output] = [requiredCount(usage, names.input), requiredCount(usage, names.output)]
  const excess = Math.max(0, count({ total: usage.total_tokens }, 'total') - input - output) || 0
  const isBeside = cached > input || (excess === cached && excess !== reasoning)
  const rest = isBeside ? Math.max(0, excess - cached) : excess
  return { input: isBeside ? input : input - cached, output: output + rest }
}

/** The usage as a meter reports it. Undefined: it cannot be counted with. */
export function readUsage(usage: JsonObject, usual: Names, served: Served, requested: Requested) {
  const names = namesIn(usage, usual)
  const part = usagePart(usage, names, served, requested)
  const excess = part.output - count(usage, names.output)
  const parts = validParts([part])
  return {
    usage: parts,
    unnamedTokens: parts && excess !== part.reasoning ? excess : 0,
    statedNanos: statedNanos(usage),
  }
}

/** Half an hour is the usual life, half a day the long one. */
function cacheWrites(inputs: JsonObject, requested: Requested) {
  const ages = objectIn(inputs.cache_write_tokens_details)
  const long = count(ages, 'ttl_12h_tokens')
  const short = count(ages, 'ttl_30m_tokens')
  const total = requiredCount(inputs, 'cache_write_tokens', long + short)
  const [cacheWrite1h, cacheWriteOther] = splitWrites(total, long, short, requested)
  return { cacheWrite1h, cacheWriteOther }
}
