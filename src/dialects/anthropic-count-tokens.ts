/** Anthropic's token counter: POST /v1/messages/count_tokens. A request as for Messages, free of charge. */

import { askTokenCount } from './anthropic-ask.ts'
import { anthropicMessages } from './anthropic-messages.ts'
import type { Dialect } from './dialect.ts'
import { failureOf } from './failure.ts'
import { jsonMeter } from './json-meter.ts'
import { isTokenCount } from './success.ts'

export const anthropicCountTokens: Dialect = {
  ...anthropicMessages,
  name: 'anthropic-count-tokens',
  path: '/v1/messages/count_tokens',
  paid: false,
  isSuccess: isTokenCount,
  ask: askTokenCount,
  rewrite: raw => raw,
  meter: () => jsonMeter({ error: true }, ({ error }) => ({ usage: [], failed: failureOf(error) })),
}
