/** What a chat request asks for. */

import { answersOf } from './answers.ts'
import { longestWrite } from './cache-writes.ts'
import type { Ask } from './dialect.ts'
import { readCount, readFlag, readList, readModel, readObject, readText } from './fields.ts'
import { growthOf } from './growth.ts'
import type { JsonObject } from './json.ts'
import { lookAnywhere, lookThroughMessages, readSeparately } from './look.ts'
import { noMedia } from './media.ts'
import { chatParts, lookThrough } from './openai-content.ts'
import { TOOL_PROMPT, voidingTools } from './openai-tools.ts'
import { LONGEST_MEASURED, once, promptSize } from './prompt-size.ts'
import { openRequest, reliedOn, speedAndPlace } from './request.ts'
import { asksForThought } from './thought.ts'
import { has, hidesWork, voidingMedia, voidingMembers } from './voiding.ts'

const relied = reliedOn({
  fields: [
    'model',
    'stream',
    'max_tokens',
    'max_completion_tokens',
    'service_tier',
    'store',
    'prompt_cache_key',
    'reasoning_effort',
  ],
  containers: [
    'messages',
    'tools',
    'functions',
    'stream_options',
    'prompt_cache_options',
    'cache_control',
    'thinking',
    'prediction',
  ],
})

export function askChat(body: unknown, raw: Buffer): Ask {
  const request = openRequest(body, raw, relied)
  const model = readModel(request)
  const stream = readFlag(request, 'stream')
  const options = readObject(request, 'stream_options')
  readText(request, 'reasoning_effort')
  readObject(request, 'prompt_cache_options')
  const messages = readList(request, 'messages')
  const media = noMedia()
  lookThroughMessages(messages, media, (content, found) => lookThrough(content, found, chatParts))
  lookAnywhere(request, media, readSeparately)
  const tools = [...readList(request, 'tools'), ...media.tools]
  const unbounded: Ask['unbounded'] = [
    ...voidingMembers(request),
    ...voidingTools(tools),
    ...voidingMedia(media),
  ]
  const overhead = tools.length > 0 || has(request, 'functions') ? TOOL_PROMPT : 0
  const { measure, ...size } = promptSize(raw, request, {
    media,
    messages: messages.length,
    overhead,
    unbounded,
  })
  const ofPrediction = once(() => predicted(request))
  return {
    model,
    stream,
    ceiling: ceiling(request),
    get predicted() {
      return ofPrediction()
    },
    answers: answersOf(request),
    hasOutput: true,
    ...size,
    get inputBound() {
      return measure()
    },
    cacheWrite: longestWrite(request, [request.messages, request.tools]) === '1h' ? '1h' : 'other',
    tier: readText(request, 'service_tier'),
    ...speedAndPlace(request),
    hiddenOutput: hidesWork(unbounded) || asksForThought(request) || has(request, 'prediction'),
    unbounded,
    wantsUsageFrame: readFlag(options, 'include_usage', 'stream_options.include_usage'),
    stores: readFlag(request, 'store'),
    promptCacheKey: readText(request, 'prompt_cache_key'),
  }
}

/** Providers know one or both of the two names; where a request uses both, the larger may be the one that holds. */
function ceiling(request: JsonObject): number | undefined {
  const named = ['max_completion_tokens', 'max_tokens'].flatMap(name => readCount(request, name, 1) ?? [])
  return named.length === 0 ? undefined : Math.max(...named)
}

/** Of a prediction even what was rejected is charged as output, and nobody says that the ceiling counts it. */
function predicted({ prediction }: JsonObject): number {
  return prediction
    ? Buffer.byteLength(JSON.stringify(prediction)) + growthOf(prediction, LONGEST_MEASURED)
    : 0
}
