/** Anthropic's token counter: POST /v1/messages/count_tokens. It takes a Messages request and is free. */

import type { Dialect } from '../dialect.ts'
import { failureOf } from '../wire/failure.ts'
import { edited } from '../wire/json-edit.ts'
import { jsonMeter } from '../wire/json-meter.ts'
import { isWithoutError } from '../wire/success.ts'
import { anthropicMessages, editTarget } from './messages.ts'
import { parseTokenCount } from './request.ts'

export const anthropicCountTokens: Dialect = {
  ...anthropicMessages,
  name: 'anthropic-count-tokens',
  path: '/v1/messages/count_tokens',
  operation: 'count_tokens',
  paid: false,
  isSuccess: response => isWithoutError(response) && typeof response.input_tokens === 'number',
  parse: parseTokenCount,
  rewrite: (raw, edits) => edited(raw, body => editTarget(body, edits)),
  meter: () => jsonMeter({ error: true }, ({ error }) => ({ usage: [], failed: failureOf(error) })),
}
