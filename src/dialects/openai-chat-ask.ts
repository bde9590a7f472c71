/** What a chat request asks for. */

import { longestWrite } from './cache-writes.ts'
import type { Ask } from './dialect.ts'
import { readCount, readFlag, readList, readModel, readObject, readText, wrong } from './fields.ts'
import { growthOf } from './growth.ts'
import { type JsonObject, objectIn } from './json.ts'
import { lookAnywhere, lookThroughMessages, readSeparately } from './look.ts'
import { noMedia } from './media.ts'
import { chatParts, lookThrough } from './openai-content.ts'
import { TOOL_PROMPT, voidingTools } from './openai-tools.ts'
import { LONGEST_MEASURED, once, promptSize } from './prompt-size.ts'
import { openRequest } from './request.ts'
import { asksForThought } from './thought.ts'
import { has, hidesWork, type VoidingMembers, voidingMedia, voidingMembers } from './voiding.ts'

const relied = {
  fields: [
    'model',
    'stream',
    'max_tokens',
    'max_completion_tokens',
    'n',
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
    'web_search_options',
    'prompt_cache_options',
    'cache_control',
    'thinking',
    'reasoning',
    'prediction',
    'models',
    'plugins',
    'fallbacks',
  ],
}

/** Members that add input or calls of their own; the last three are known to some compatible providers. */
const voiding: VoidingMembers = [
  ['web_search_options', 'server_tools'],
  ['plugins', 'server_tools'],
  ['models', 'server_tools'],
  ['fallbacks', 'server_tools'],
]

export function askChat(body: unknown, raw: Buffer): Ask {
  const request = openRequest(body, raw, relied)
  const model = readModel(request)
  const stream = readFlag(request, 'stream')
  const options = readObject(request, 'stream_options')
  readText(request, 'reasoning_effort')
  readObject(request, 'prompt_cache_options')
  const messages = readList(request, 'messages')
  const tools = readList(request, 'tools')
  const media = noMedia()
  lookThroughMessages(messages, media, (content, found) => lookThrough(content, found, chatParts))
  lookAnywhere(request, media, readSeparately)
  const unbounded: Ask['unbounded'] = [
    ...voidingMembers(request, voiding),
    ...voidingTools(tools),
    ...(messages.some(recallsSound) ? [{ feature: 'audio ids', opening: 'stored' as const }] : []),
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
    answers: answers(request),
    hasOutput: true,
    ...size,
    get inputBound() {
      return measure()
    },
    cacheWrite: longestWrite(request, [request.messages, request.tools]) === '1h' ? '1h' : 'other',
    tier: readText(request, 'service_tier'),
    speed: undefined,
    geo: undefined,
    hiddenOutput: hidesWork(unbounded) || asksForThought(request) || has(request, 'prediction'),
    unbounded,
    wantsUsageFrame: readFlag(options, 'include_usage', 'stream_options.include_usage'),
    stores: readFlag(request, 'store'),
    promptCacheKey: readText(request, 'prompt_cache_key'),
  }
}

/** An earlier answer in sound is named, not sent. */
function recallsSound(message: unknown): boolean {
  return has(objectIn(message), 'audio')
}

/** Providers know one or both of the two names; where a request uses both, the larger may be the one that holds. */
function ceiling(request: JsonObject): number | undefined {
  const named = ['max_completion_tokens', 'max_tokens'].flatMap(name => readCount(request, name, 1) ?? [])
  return named.length === 0 ? undefined : Math.max(...named)
}

/** More than the maker takes would only make a bound without a measure. */
const MOST_ANSWERS = 128

function answers(request: JsonObject): number {
  const found = readCount(request, 'n', 1) ?? 1
  if (found <= MOST_ANSWERS) return found
  throw wrong('n', found, `a whole number from 1 to ${MOST_ANSWERS}`)
}

/** Of a prediction even what was rejected is charged as output, and nobody says that the ceiling counts it. */
function predicted({ prediction }: JsonObject): number {
  return prediction
    ? Buffer.byteLength(JSON.stringify(prediction)) + growthOf(prediction, LONGEST_MEASURED)
    : 0
}
