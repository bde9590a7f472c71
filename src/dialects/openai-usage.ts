/** Reads the usage of OpenAI's APIs: input counts what was cached, output counts what was reasoned. */

import type { UsagePart } from './dialect.ts'
import { type JsonObject, objectIn } from './json.ts'
import { type Asked, count, needed, splitWrites, tierIn } from './usage.ts'

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

export function usagePart(usage: JsonObject, names: Names, served: Served, asked: Asked): UsagePart {
  const inputs = objectIn(usage[`${names.input}_details`])
  const outputs = objectIn(usage[`${names.output}_details`])
  const cacheRead = cachedTokens(usage, inputs)
  const writes = cacheWrites(inputs, asked)
  const reasoning = count(outputs, 'reasoning_tokens')
  const input = needed(usage, names.input)
  // Counted as text here, but dearer than it: a model that speaks has no price unless one is set for this.
  const audio = count(inputs, 'audio_tokens') + count(outputs, 'audio_tokens')
  return {
    model: served.model,
    tier: tierIn(served.tier),
    speed: undefined,
    geo: undefined,
    // Some compatible providers count what was cached beside the input, not in it.
    input: Math.max(0, input - cacheRead - writes.cacheWrite1h - writes.cacheWriteOther),
    cacheRead,
    cacheWrite5m: 0,
    ...writes,
    output: output(input, needed(usage, names.output), reasoning, usage.total_tokens),
    reasoning,
    tools: audio === 0 ? served.tools : { ...served.tools, audio_tokens: audio },
  }
}

/** Names by which compatible servers report cached input beside its details. */
const cachedNames = [
  'cached_tokens',
  'num_cached_tokens',
  'prompt_cache_hit_tokens',
  'cache_read_input_tokens',
]

function cachedTokens(usage: JsonObject, inputs: JsonObject): number {
  return Math.max(count(inputs, 'cached_tokens'), ...cachedNames.map(name => count(usage, name)))
}

/** Some compatible providers count reasoning beside the output, not in it: the total tells. */
function output(input: number, output: number, reasoning: number, total: unknown): number {
  return reasoning > 0 && total === input + output + reasoning ? output + reasoning : output
}

/** Half an hour is the usual life, half a day the long one. */
function cacheWrites(inputs: JsonObject, asked: Asked) {
  const ages = objectIn(inputs.cache_write_tokens_details)
  const long = count(ages, 'ttl_12h_tokens')
  const short = count(ages, 'ttl_30m_tokens')
  const total = needed(inputs, 'cache_write_tokens', long + short)
  const [cacheWrite1h, cacheWriteOther] = splitWrites(total, long, short, asked)
  return { cacheWrite1h, cacheWriteOther }
}
