/** What a chat request asks for. */

import type { ParsedRequest } from '../dialect.ts'
import { longestWrite } from '../wire/cache-writes.ts'
import { readFlag, readList, readModel, readObject, readText } from '../wire/fields.ts'
import { noMedia } from '../wire/media.ts'
import { lookAnywhere, lookThroughMessages, readSeparately } from '../wire/media-search.ts'
import { openRequest, reliedOn, speedAndPlace } from '../wire/open-request.ts'
import { completionsOf, maxOutputTokensOf, predicted } from '../wire/output-bound.ts'
import { once, promptSize } from '../wire/prompt-size.ts'
import { asksForReasoning } from '../wire/reasoning.ts'
import { has, hidesWork, unboundedMedia, unboundedMembers } from '../wire/unbounded.ts'
import { chatParts, lookThrough } from './content.ts'
import { TOOL_PROMPT, unboundedTools } from './tools.ts'

const relied = reliedOn({
  fields: ['model', 'stream', 'service_tier', 'store', 'prompt_cache_key', 'reasoning_effort'],
  containers: [
    'messages',
    'tools',
    'functions',
    'stream_options',
    'prompt_cache_options',
    'cache_control',
    'thinking',
  ],
})

const skipped = readSeparately('messages')

export function parseChat(body: unknown, raw: Buffer): ParsedRequest {
  const { request, members } = openRequest(body, raw, relied)
  const model = readModel(request)
  const stream = readFlag(request, 'stream')
  const options = readObject(request, 'stream_options')
  readText(request, 'reasoning_effort')
  readObject(request, 'prompt_cache_options')
  const messages = readList(request, 'messages')
  const media = noMedia()
  lookThroughMessages(messages, media, (content, found) => lookThrough(content, found, chatParts))
  lookAnywhere(request, media, skipped)
  const tools = [...readList(request, 'tools'), ...media.tools]
  const unbounded: ParsedRequest['unbounded'] = [
    ...unboundedMembers(request),
    ...unboundedTools(tools),
    ...unboundedMedia(media),
  ]
  const overhead = tools.length > 0 || has(request, 'functions') ? TOOL_PROMPT : 0
  const { size, measure, growth } = promptSize(raw, request, {
    media,
    messages: messages.length,
    overhead,
    unbounded,
  })
  const ofPrediction = once(() => predicted(request, raw, members, growth))
  return {
    model,
    stream,
    maxOutputTokens: maxOutputTokensOf(request, ['max_completion_tokens', 'max_tokens'], 1),
    get predicted() {
      return ofPrediction()
    },
    completions: completionsOf(request),
    hasOutput: true,
    ...size,
    get inputBound() {
      return measure()
    },
    cacheWrite: longestWrite(request, [request.messages, request.tools]) === '1h' ? '1h' : 'other',
    tier: readText(request, 'service_tier'),
    ...speedAndPlace(request),
    hiddenOutput: hidesWork(unbounded) || asksForReasoning(request) || has(request, 'prediction'),
    unbounded,
    wantsUsageFrame: readFlag(options, 'include_usage', 'stream_options.include_usage'),
    stores: readFlag(request, 'store'),
    promptCacheKey: readText(request, 'prompt_cache_key'),
  }
}
