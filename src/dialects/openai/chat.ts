/** OpenAI's Chat Completions: POST /v1/chat/completions. */

import type { Dialect, Edits } from '../dialect.ts'
import { edited } from '../wire/json-edit.ts'
import { openaiLimits } from '../wire/limit-headers.ts'
import { isCompletion } from '../wire/success.ts'
import { upstreamError } from '../wire/upstream-error.ts'
import { chunkMeter, completionMeter } from './chat-meter.ts'
import { parseChat } from './chat-request.ts'
import { chatErrorEvent, errorBody } from './errors.ts'
import { usageFrameFilter } from './usage-frame.ts'

export const openaiChat: Dialect = {
  name: 'openai-chat',
  family: 'openai',
  path: '/v1/chat/completions',
  paid: true,
  requestHeaders: ['openai-beta'],
  isSuccess: isCompletion,
  parse: parseChat,
  rewrite: (raw, { maxOutputTokens, price, includeUsage, noStore, promptCacheKey }) =>
    edited(raw, body => {
      if (maxOutputTokens !== undefined) body.set(maxOutputName(price), String(maxOutputTokens))
      if (includeUsage) body.setIn('stream_options', 'include_usage', 'true')
      if (noStore) body.set('store', 'false')
      if (promptCacheKey !== undefined) body.set('prompt_cache_key', JSON.stringify(promptCacheKey))
    }),
  meter: (request, stream) => (stream ? chunkMeter(request) : completionMeter(request)),
  errorBody,
  errorEvent: chatErrorEvent,
  hideUsageFrame: usageFrameFilter,
  limitHeaders: openaiLimits,
  upstreamError,
}

/** Models of these makers with hidden reasoning take no `max_tokens`. All other models take it, and some take nothing else. */
const withoutMaxTokens: ReadonlySet<string> = new Set(['openai', 'azure'])

function maxOutputName(model: Edits['price']): string {
  return model?.hidesOutput && withoutMaxTokens.has(model.maker) ? 'max_completion_tokens' : 'max_tokens'
}
