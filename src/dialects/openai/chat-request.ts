/** Parses a chat request. */

import type { ParsedRequest } from '../dialect.ts'
import { longestWrite } from '../wire/cache-writes.ts'
import { readFlag, readList, readModel, readObject, readText } from '../wire/fields.ts'
import { textIn } from '../wire/json.ts'
import { type Media, noMedia } from '../wire/media.ts'
import { findMediaAnywhere, findMediaInMessages, membersReadElsewhere } from '../wire/media-search.ts'
import { membersRead, openRequest, type Sent } from '../wire/open-request.ts'
import { completionsOf, maxOutputTokensOf } from '../wire/output-bound.ts'
import { asksForReasoning } from '../wire/reasoning.ts'
import { TextRequest } from '../wire/text-request.ts'
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

/** Finds the media in the content of a message. */
const findInContent = (content: unknown, media: Media) => findMedia(content, media, chatParts)

export function parseChat(...sent: Sent): ParsedRequest {
  const open = openRequest(sent, read)
  const { request } = open
  const model = readModel(request)
  const stream = readFlag(request, 'stream')
  const options = readObject(request, 'stream_options')
  readText(request, 'reasoning_effort')
  readObject(request, 'prompt_cache_options')
  const messages = readList(request, 'messages')
  const media = noMedia()
  findMediaInMessages(messages, media, findInContent)
  findMediaAnywhere(request, media, skipped)
  const tools = readList(request, 'tools').concat(media.tools)
  const unbounded = unboundedMembers(request)
  unbounded.push(...unboundedTools(tools), ...unboundedMedia(media))
  const overhead = tools.length > 0 || has(request, 'functions') ? TOOL_PROMPT : 0
  return new TextRequest(
    open,
    { media, messages: messages.length, overhead },
    {
      model,
      stream,
      maxOutputTokens: maxOutputTokensOf(request, ['max_completion_tokens', 'max_tokens'], 1),
      completions: completionsOf(request),
      hasOutput: true,
      cacheWrite: longestWrite(request, [request.messages, request.tools]) === '1h' ? '1h' : 'other',
      tier: readText(request, 'service_tier'),
      // For models of another provider. A value that is not a string is ignored.
      speed: textIn(request.speed),
      geo: textIn(request.inference_geo),
      hiddenOutput: hidesWork(unbounded) || asksForReasoning(request) || has(request, 'prediction'),
      unbounded,
      wantsUsageFrame: readFlag(options, 'include_usage', 'stream_options.include_usage'),
      stores: readFlag(request, 'store'),
      promptCacheKey: readText(request, 'prompt_cache_key'),
    },
  )
}
