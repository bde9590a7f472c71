/** Names of OpenTelemetry's conventions for generative AI, shared by metrics and traces. */

import type { Dialect } from '../dialects/dialect.ts'
import type { Entry } from '../ledger/call-record.ts'

/** `gen_ai.operation.name` */
export function operationOf({ operation }: Dialect): string {
  return operation
}

/** `gen_ai.provider.name`: the provider of the wire format, whichever upstream serves the call. */
export function providerOf({ format }: Dialect): string {
  return format.name
}

/** `gen_ai.usage.input_tokens` counts cached tokens too. */
export function inputTokensOf({ inputTokens, cacheReadTokens, cacheWriteTokens }: Entry): number {
  return inputTokens + cacheReadTokens + cacheWriteTokens
}

/** `error.type`: the refusal or the failure of a call; empty for a success. */
export function errorTypeOf({ outcome, refusal }: Entry): string {
  if (outcome === 'ok' || outcome === 'cached' || outcome === 'coalesced') return ''
  return refusal ?? outcome
}
