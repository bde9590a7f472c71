/** Parses an Anthropic request. */

import type { ParsedRequest } from '../dialect.ts'
import { longestWrite } from '../wire/cache-writes.ts'
import { readFlag, readList, readModel, readObject, readText, readTextOrList } from '../wire/fields.ts'
import { objectIn } from '../wire/json.ts'
import { noMedia } from '../wire/media.ts'
import { findMediaAnywhere, findMediaInMessages, membersReadElsewhere } from '../wire/media-search.ts'
import { membersRead, openRequest } from '../wire/open-request.ts'
import { completionsOf, maxOutputTokensOf, predicted } from '../wire/output-bound.ts'
import { lazy, promptSize } from '../wire/prompt-size.ts'
import { asksForReasoning } from '../wire/reasoning.ts'
import { has, hidesWork, unboundedMedia, unboundedMembers } from '../wire/unbounded.ts'
import { findMedia } from './content.ts'
import { toolOverhead, unboundedTools } from './tools.ts'

const read = membersRead({
  fields: ['model', 'stream', 'service_tier', 'reasoning_effort'],
  containers: ['messages', 'system', 'tools', 'thinking', 'cache_control', 'prompt_cache_options'],
})

const skipped = membersReadElsewhere('messages', 'system')

export function parseMessages(body: unknown, raw: Buffer): ParsedRequest {
  const request = objectIn(body)
  return Object.assign(parseCommon(body, raw), {
    stream: readFlag(request, 'stream'),
    maxOutputTokens: maxOutputTokensOf(request, ['max_tokens'], 0),
  })
}

export function parseTokenCount(body: unknown, raw: Buffer): ParsedRequest {
  return Object.assign(parseCommon(body, raw), { hasOutput: false })
}

function parseCommon(body: unknown, raw: Buffer): ParsedRequest {
  const { request, members } = openRequest(body, raw, read)
  const model = readModel(request)
  readObject(request, 'thinking')
  readObject(request, 'context_management')
  const messages = readList(request, 'messages')
  const system = readTextOrList(request, 'system')
  const media = noMedia()
  findMediaInMessages(messages, media, findMedia)
  findMedia(system, media)
  findMediaAnywhere(request, media, skipped)
  const tools = [...readList(request, 'tools'), ...media.tools]
  const unbounded = [...unboundedMembers(request), ...unboundedTools(tools), ...unboundedMedia(media)]
  const overhead = toolOverhead(tools)
  const { size, measure, growth } = promptSize(raw, request, {
    media,
    messages: messages.length,
    overhead,
    unbounded,
  })
  const ofPrediction = lazy(() => predicted(request, raw, members, growth))
  return {
    model,
    stream: false,
    maxOutputTokens: undefined,
    get predicted() {
      return ofPrediction()
    },
    completions: completionsOf(request),
    hasOutput: true,
    ...size,
    get inputBound() {
      return measure()
    },
    cacheWrite: longestWrite(request, [request.system, request.tools, request.messages]),
    tier: readText(request, 'service_tier'),
    speed: readText(request, 'speed'),
    geo: readText(request, 'inference_geo'),
    hiddenOutput: hidesWork(unbounded) || asksForReasoning(request) || has(request, 'prediction'),
    unbounded,
    wantsUsageFrame: true,
    stores: false,
    promptCacheKey: undefined,
  }
}
