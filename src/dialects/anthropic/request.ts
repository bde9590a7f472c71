/** Parses an Anthropic request. */

import type { ParsedRequest } from '../dialect.ts'
import { longestWrite } from '../wire/cache-writes.ts'
import { readFlag, readList, readModel, readObject, readText, readTextOrList } from '../wire/fields.ts'
import type { JsonObject } from '../wire/json.ts'
import { noMedia } from '../wire/media.ts'
import { findMediaAnywhere, findMediaInMessages, membersReadElsewhere } from '../wire/media-search.ts'
import { membersRead, openRequest, type Sent } from '../wire/open-request.ts'
import { completionsOf, maxOutputTokensOf } from '../wire/output-bound.ts'
import { asksForReasoning } from '../wire/reasoning.ts'
import { TextRequest } from '../wire/text-request.ts'
import { has, hidesWork, unboundedMedia, unboundedMembers } from '../wire/unbounded.ts'
import { findMedia } from './content.ts'
import { toolOverhead, unboundedTools } from './tools.ts'

const read = membersRead({
  fields: ['model', 'stream', 'service_tier', 'reasoning_effort'],
  containers: ['messages', 'system', 'tools', 'thinking', 'cache_control', 'prompt_cache_options'],
})

const skipped = membersReadElsewhere('messages', 'system')

export function parseMessages(...sent: Sent): ParsedRequest {
  return parseWith(sent, request => ({
    stream: readFlag(request, 'stream'),
    maxOutputTokens: maxOutputTokensOf(request, ['max_tokens'], 0),
    hasOutput: true,
  }))
}

export function parseTokenCount(...sent: Sent): ParsedRequest {
  return parseWith(sent, () => ({ stream: false, maxOutputTokens: undefined, hasOutput: false }))
}

type Output = Pick<ParsedRequest, 'stream' | 'maxOutputTokens' | 'hasOutput'>

function parseWith(sent: Sent, outputOf: (request: JsonObject) => Output): ParsedRequest {
  const open = openRequest(sent, read)
  const { request } = open
  const model = readModel(request)
  readObject(request, 'thinking')
  readObject(request, 'context_management')
  const messages = readList(request, 'messages')
  const system = readTextOrList(request, 'system')
  const media = noMedia()
  findMediaInMessages(messages, media, findMedia)
  findMedia(system, media)
  findMediaAnywhere(request, media, skipped)
  const tools = readList(request, 'tools').concat(media.tools)
  const unbounded = unboundedMembers(request)
  unbounded.push(...unboundedTools(tools), ...unboundedMedia(media))
  const prompt = { media, messages: messages.length, overhead: toolOverhead(tools) }
  return new TextRequest(open, prompt, {
    model,
    ...outputOf(request),
    completions: completionsOf(request),
    cacheWrite: longestWrite(request, [request.system, request.tools, request.messages]),
    tier: readText(request, 'service_tier'),
    speed: readText(request, 'speed'),
    geo: readText(request, 'inference_geo'),
    hiddenOutput: hidesWork(unbounded) || asksForReasoning(request) || has(request, 'prediction'),
    unbounded,
    wantsUsageFrame: true,
    stores: false,
    promptCacheKey: undefined,
  })
}
