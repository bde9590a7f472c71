/** Reads the usage of OpenAI's APIs. Its input includes cached tokens, and its output includes reasoning. */

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

/** The names of the counts in each API. */
export interface Names {
  input: string
  output: string
  inputDetails: string
  outputDetails: string
}

export const chatNames: Names = namesOf('prompt_tokens', 'completion_tokens')
export const responseNames: Names = namesOf('input_tokens', 'output_tokens')

function namesOf(input: string, output: string): Names {
  return { input, output, inputDetails: `${input}_details`, outputDetails: `${output}_details` }
}

/** Other properties of the response that its price depends on. */
export interface Served {
  model: string
  tier: unknown
  /** Runs of tools with a fee per run. */
  tools: Record<string, number>
}

function usagePart(usage: JsonObject, names: Names, served: Served, requested: Requested): UsagePart {
  const inputs = objectIn(usage[names.inputDetails])
  const outputs = objectIn(usage[names.outputDetails])
  const cacheRead = cachedTokens(usage, inputs)
  const writes = cacheWrites(inputs, requested)
  const reasoning = count(outputs, 'reasoning_tokens')
  const tokens = tokensOf(usage, names, cacheRead + writes.cacheWrite1h + writes.cacheWriteOther, reasoning)
  // Audio costs more than text, so it is also a tool of its own. Without a fee for it the call has no price.
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

/** Mistral spells the details in two ways. */
const OTHER_DETAILS = 'prompt_token_details'

function cachedTokens(usage: JsonObject, inputs: JsonObject): number {
  let cached = Math.max(
    count(inputs, 'cached_tokens'),
    count(objectIn(usage[OTHER_DETAILS]), 'cached_tokens'),
  )
  for (const name of cachedNames) cached = Math.max(cached, count(usage, name))
  return cached
}

/**
 * Returns uncached input and all output. Some servers do not include cached or reasoning tokens in the two numbers; then
 * the total is larger than their sum. Any other excess of the total counts as output.
 */
function tokensOf(usage: JsonObject, names: Names, cached: number, reasoning: number) {
  const input = requiredCount(usage, names.input)
  const output = requiredCount(usage, names.output)
  const excess = Math.max(0, count(usage, 'total_tokens') - input - output) || 0
  const isBeside = cached > input || (excess === cached && excess !== reasoning)
  const rest = isBeside ? Math.max(0, excess - cached) : excess
  return { input: isBeside ? input : input - cached, output: output + rest }
}

/** Returns the part of `Measured` that has the usage. Undefined: the usage is invalid. */
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

/** The usual lifetime is half an hour; the long one is half a day. */
function cacheWrites(inputs: JsonObject, requested: Requested) {
  const ages = objectIn(inputs.cache_write_tokens_details)
  const long = count(ages, 'ttl_12h_tokens')
  const short = count(ages, 'ttl_30m_tokens')
  const total = requiredCount(inputs, 'cache_write_tokens', long + short)
  const [cacheWrite1h, cacheWriteOther] = splitWrites(total, long, short, requested)
  return { cacheWrite1h, cacheWriteOther }
}
