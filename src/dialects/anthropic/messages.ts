/** Anthropic's Messages API: POST /v1/messages. */

import type { Dialect, Edits } from '../dialect.ts'
import type { JsonObject } from '../wire/json.ts'
import { type Editor, edited } from '../wire/json-edit.ts'
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
  rewrite: (raw, edits) =>
    edited(raw, body => {
      const { maxOutputTokens } = edits
      if (maxOutputTokens !== undefined) body.set('max_tokens', String(maxOutputTokens))
      editTarget(body, edits)
    }),
  meter: (request, stream) => (stream ? eventMeter(request) : messageMeter(request)),
  errorBody,
  errorEvent,
  counter: anthropicCounter,
  limitHeaders,
  upstreamError,
}

/** What the upstream needs, on both of Anthropic's APIs. */
export function editTarget(body: Editor, { model, modelInPath, versionInBody }: Edits): void {
  if (modelInPath) body.remove('model')
  else if (model !== undefined) body.set('model', JSON.stringify(model))
  if (versionInBody !== undefined) body.set('anthropic_version', JSON.stringify(versionInBody))
}

function isMessage(response: JsonObject): boolean {
  return isWithoutError(response) && hasObjects(response.content) && isText(response.stop_reason)
}
