/** OpenAI's Responses: POST /v1/responses. */

import type { Dialect } from './dialect.ts'
import { edited } from './json-edit.ts'
import { openaiChat } from './openai-chat.ts'
import { responseErrorEvent } from './openai-errors.ts'
import { askResponse } from './openai-responses-ask.ts'
import { responseEventMeter, responseMeter } from './openai-responses-meter.ts'
import { isResponse } from './success.ts'

const { hideUsageFrame: _, ...common } = openaiChat

export const openaiResponses: Dialect = {
  ...common,
  name: 'openai-responses',
  path: '/v1/responses',
  isSuccess: isResponse,
  ask: askResponse,
  rewrite: (raw, { ceiling, noStore, promptCacheKey }) =>
    edited(raw, body => {
      if (ceiling !== undefined) body.set('max_output_tokens', String(ceiling))
      if (noStore) body.set('store', 'false')
      if (promptCacheKey !== undefined) body.set('prompt_cache_key', JSON.stringify(promptCacheKey))
    }),
  meter: (ask, stream) => (stream ? responseEventMeter(ask) : responseMeter(ask)),
  errorEvent: responseErrorEvent,
}
