/** OpenAI's Chat Completions: POST /v1/chat/completions. */

import type { Dialect } from './dialect.ts'
import { edited } from './json-edit.ts'
import { openaiLimits } from './limit-headers.ts'
import { askChat } from './openai-chat-ask.ts'
import { chunkMeter, completionMeter } from './openai-chat-meter.ts'
import { chatErrorEvent, errorBody } from './openai-errors.ts'
import { usageFrameFilter } from './openai-usage-frame.ts'
import { upstreamError } from './upstream-error.ts'

/** Models that take no `max_tokens` any more. Everyone else's know it best, and it goes with a prediction. */
const takesNewName = /^(gpt-([5-9]|\d\d)|o\d|codex|chatgpt-[5-9])/

export const openaiChat: Dialect = {
  name: 'openai-chat',
  family: 'openai',
  path: '/v1/chat/completions',
  paid: true,
  requestHeaders: ['openai-beta'],
  responseHeaders: ['content-type'],
  answerMembers: ['choices', 'usage'],
  ask: askChat,
  rewrite: (raw, { ceiling, includeUsage, noStore, promptCacheKey }) =>
    edited(raw, body => {
      if (ceiling !== undefined) body.set(ceilingName(body.get('model')), String(ceiling))
      if (includeUsage) body.setIn('stream_options', 'include_usage', 'true')
      if (noStore) body.set('store', 'false')
      if (promptCacheKey !== undefined) body.set('prompt_cache_key', JSON.stringify(promptCacheKey))
    }),
  meter: (ask, stream) => (stream ? chunkMeter(ask) : completionMeter(ask)),
  errorBody,
  errorEvent: chatErrorEvent,
  hideUsageFrame: usageFrameFilter,
  limitHeaders: openaiLimits,
  upstreamError,
}

function ceilingName(model: unknown): string {
  return takesNewName.test(String(model)) ? 'max_completion_tokens' : 'max_tokens'
}
