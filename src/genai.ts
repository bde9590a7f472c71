/** OpenTelemetry's names for what the gateway does, by its conventions for generative AI: metrics and traces share them. */

import type { Dialect } from './dialects/dialect.ts'
import type { Entry } from './entry.ts'

/** `gen_ai.operation.name`; counting tokens has no name of its own there. */
const OPERATIONS: Record<string, string> = {
  'anthropic-count-tokens': 'count_tokens',
  'openai-embeddings': 'embeddings',
}

export function operationOf({ name }: Dialect): string {
  return OPERATIONS[name] ?? 'chat'
}

/** `gen_ai.provider.name`: whose wire format it is, whoever serves it. */
export function providerOf({ family }: Dialect): string {
  return family
}

/** `gen_ai.usage.input_tokens` counts cached tokens too. */
export function inputTokensOf({ inputTokens, cacheReadTokens, cacheWriteTokens }: Entry): number {
  return inputTokens + cacheReadTokens + cacheWriteTokens
}

/** `error.type`: the refusal that a call ended with, or how else it failed; empty where it did not. */
export function errorTypeOf({ outcome, refusal }: Entry): string {
  if (outcome === 'ok' || outcome === 'cached' || outcome === 'coalesced') return ''
  return refusal ?? outcome
}
