/** Anthropic's Messages API: POST /v1/messages. */

import type { Dialect } from '../dialect.ts'
import type { JsonObject } from '../wire/json.ts'
import { edited } from '../wire/json-edit.ts'
import { hasObjects, isText, isWithoutError } from '../wire/success.ts'
import { upstreamError } from '../wire/upstream-error.ts'
import { errorBody, errorEvent } from './errors.ts'
import { anthropic } from './format.ts'
import { limitHeaders } from './limit-headers.ts'
import { eventMeter, messageMeter } from './meter.ts'
import { parseMessages } from './request.ts'
import { anthropicCounter } from './token-counter.ts'

export const anthropicMessages: Dialect = {
  name: 'anthropic-messages',
  format: anthropic,
  operation: 'chat',
  path: '/v1/messages',
  paid: true,
  // Headers about a coding agent (x-claude-code-*, x-stainless-*) are for the gateway only.
  requestHeaders: ['anthropic-version', 'anthropic-beta'],
  promptMembers: ['system', 'messages'],
  preliminaryEvents: ['ping'],
  isSuccess: isMessage,
  parse: parseMessages,
  rewrite: (raw, { maxOutputTokens }) =>
    edited(raw, body => {
      if (maxOutputTokens !== undefined) body.set('max_tokens', String(maxOutputTokens))
    }),
  meter: (request, stream) => (stream ? eventMeter(request) : messageMeter(request)),
  errorBody,
  errorEvent,
  counter: anthropicCounter,
  limitHeaders,
  upstreamError,
}

function isMessage(response: JsonObject): boolean {
  return isWithoutError(response) && hasObjects(response.content) && isText(response.stop_reason)
}
