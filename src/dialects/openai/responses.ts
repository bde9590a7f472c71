/** OpenAI's Responses: POST /v1/responses. */

import type { Dialect } from '../dialect.ts'
import type { JsonObject } from '../wire/json.ts'
import { edited } from '../wire/json-edit.ts'
import { hasObjects, isWithoutError } from '../wire/success.ts'
import { openaiChat } from './chat.ts'
import { editCommon } from './edits.ts'
import { responseErrorEvent } from './errors.ts'
import { ANNOUNCING, responseEventMeter, responseMeter } from './responses-meter.ts'
import { parseResponses } from './responses-request.ts'

const { hideUsageFrame: _, ...common } = openaiChat

export const openaiResponses: Dialect = {
  ...common,
  name: 'openai-responses',
  path: '/v1/responses',
  promptMembers: ['instructions', 'input'],
  preliminaryEvents: [...ANNOUNCING],
  isSuccess: isResponse,
  parse: parseResponses,
  rewrite: (raw, edits) =>
    edited(raw, body => {
      const { maxOutputTokens } = edits
      if (maxOutputTokens !== undefined) body.set('max_output_tokens', String(maxOutputTokens))
      editCommon(body, edits)
    }),
  meter: (request, stream) => (stream ? responseEventMeter(request) : responseMeter(request)),
  errorEvent: responseErrorEvent,
}

/** An `incomplete` response is not cached, because a repeat may be longer. */
function isResponse(response: JsonObject): boolean {
  return isWithoutError(response) && hasObjects(response.output) && response.status === 'completed'
}
