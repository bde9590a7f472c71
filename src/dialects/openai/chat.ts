/** OpenAI's Chat Completions: POST /v1/chat/completions. */

import type { Dialect, Edits } from '../dialect.ts'
import { isObject, type JsonObject, listIn } from '../wire/json.ts'
import { type Editor, edited } from '../wire/json-edit.ts'
import { hasObjects, isText, isWithoutError } from '../wire/success.ts'
import { upstreamError } from '../wire/upstream-error.ts'
import { chunkMeter, completionMeter } from './chat-meter.ts'
import { parseChat } from './chat-request.ts'
import { editCommon } from './edits.ts'
import { chatErrorEvent, errorBody } from './errors.ts'
import { openai } from './format.ts'
import { limitHeaders } from './limit-headers.ts'
import { usageFrameFilter } from './usage-frame.ts'

export const openaiChat: Dialect = {
  name: 'openai-chat',
  format: openai,
  operation: 'chat',
  path: '/v1/chat/completions',
  paid: true,
  requestHeaders: ['openai-beta'],
  promptMembers: ['messages'],
  isSuccess: isCompletion,
  parse: parseChat,
  rewrite: (raw, edits) =>
    edited(raw, body => {
      editOutputLimit(body, edits)
      if (edits.refusesStreamOptions) body.remove('stream_options')
      else if (edits.includeUsage) body.setIn('stream_options', 'include_usage', 'true')
      editCommon(body, edits)
    }),
  meter: (request, stream) => (stream ? chunkMeter(request) : completionMeter(request)),
  errorBody,
  errorEvent: chatErrorEvent,
  hideUsageFrame: usageFrameFilter,
  limitHeaders,
  upstreamError,
}

function editOutputLimit(body: Editor, edits: Edits): void {
  const { maxOutputTokens, onlyOutputLimit } = edits
  const name = edits.outputLimit ?? maxOutputName(edits.price)
  const other = name === 'max_tokens' ? 'max_completion_tokens' : 'max_tokens'
  if (maxOutputTokens !== undefined) {
    body.set(name, String(maxOutputTokens))
    // The gateway sets a limit only if the caller's own is null or absent.
    if (onlyOutputLimit) body.remove(other)
  } else if (onlyOutputLimit) body.rename(other, name)
}

/** Models of these providers with hidden reasoning refuse `max_tokens`. All other models accept `max_tokens`, and some accept only this name. */
const withoutMaxTokens: ReadonlySet<string> = new Set(['openai', 'azure'])

function maxOutputName(model: Edits['price']): NonNullable<Edits['outputLimit']> {
  return model?.hidesOutput && withoutMaxTokens.has(model.maker) ? 'max_completion_tokens' : 'max_tokens'
}

function isCompletion(response: JsonObject): boolean {
  const isWhole = (choice: JsonObject) =>
    isObject(choice.message) && isText(choice.finish_reason) && choice.finish_reason !== 'error'
  return (
    isWithoutError(response) &&
    hasObjects(response.choices) &&
    listIn(response.choices).filter(isObject).every(isWhole)
  )
}
