/** Parses a chat request. */

import type { ParsedRequest } from '../dialect.ts'
import { longestWrite } from '../wire/cache-writes.ts'
import { readFlag, readList, readModel, readObject, readText } from '../wire/fields.ts'
import { noMedia } from '../wire/media.ts'
import { findMediaAnywhere, findMediaInMessages, membersReadElsewhere } from '../wire/media-search.ts'
import { membersRead, openRequest, speedAndPlace } from '../wire/open-request.ts'
import { completionsOf, maxOutputTokensOf, predicted } from '../wire/output-bound.ts'
import { lazy, promptSize } from '../wire/prompt-size.ts'
import { asksForReasoning } from '../wire/reasoning.ts'
import { has, hidesWork, unboundedMedia, unboundedMembers } from '../wire/unbounded.ts'
import { chatParts, findMedia } from './content.ts'
import { TOOL_PROMPT, unboundedTools } from './tools.ts'

const read = membersRead({
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

const skipped = membersReadElsewhere('messages')

export function parseChat(body: unknown, raw: Buffer): ParsedRequest {
  const { request, members } = openRequest(body, raw, read)
  const model = readModel(request)
  const stream = readFlag(request, 'stream')
  const options = readObject(request, 'stream_options')
  readText(request, 'reasoning_effort')
  readObject(request, 'prompt_cache_options')
  const messages = readList(request, 'messages')
  const media = noMedia()
  findMediaInMessages(messages, media, (content, found) => findMedia(content, found, chatParts))
  findMediaAnywhere(request, media, skipped)
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
  const ofPrediction = lazy(() => predicted(request, raw, members, growth))
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
