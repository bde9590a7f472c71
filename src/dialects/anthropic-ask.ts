/** What an Anthropic request asks for. */

import { lookThrough } from './anthropic-content.ts'
import { toolOverhead, voidingTools } from './anthropic-tools.ts'
import { longestWrite } from './cache-writes.ts'
import type { Ask } from './dialect.ts'
import { readFlag, readList, readModel, readObject, readText, readTextOrList } from './fields.ts'
import { objectIn } from './json.ts'
import { lookAnywhere, lookThroughMessages, readSeparately } from './look.ts'
import { noMedia } from './media.ts'
import { answersOf, ceilingOf, predicted } from './output-bound.ts'
import { once, promptSize } from './prompt-size.ts'
import { openRequest, reliedOn } from './request.ts'
import { asksForThought } from './thought.ts'
import { has, hidesWork, voidingMedia, voidingMembers } from './voiding.ts'

const relied = reliedOn({
  fields: ['model', 'stream', 'service_tier', 'reasoning_effort'],
  containers: ['messages', 'system', 'tools', 'thinking', 'cache_control', 'prompt_cache_options'],
})

const skipped = readSeparately('messages', 'system')

export function askMessages(body: unknown, raw: Buffer): Ask {
  const request = objectIn(body)
  return Object.assign(askCommon(body, raw), {
    stream: readFlag(request, 'stream'),
    ceiling: ceilingOf(request, ['max_tokens'], 0),
  })
}

export function askTokenCount(body: unknown, raw: Buffer): Ask {
  return Object.assign(askCommon(body, raw), { hasOutput: false })
}

function askCommon(body: unknown, raw: Buffer): Ask {
  const { request, members } = openRequest(body, raw, relied)
  const model = readModel(request)
  readObject(request, 'thinking')
  readObject(request, 'context_management')
  const messages = readList(request, 'messages')
  const system = readTextOrList(request, 'system')
  const media = noMedia()
  lookThroughMessages(messages, media, lookThrough)
  lookThrough(system, media)
  lookAnywhere(request, media, skipped)
  const tools = [...readList(request, 'tools'), ...media.tools]
  const unbounded = [...voidingMembers(request), ...voidingTools(tools), ...voidingMedia(media)]
  const overhead = toolOverhead(tools)
  const { size, measure, growth } = promptSize(raw, request, {
    media,
    messages: messages.length,
    overhead,
    unbounded,
  })
  const ofPrediction = once(() => predicted(request, raw, members, growth))
  return {
    model,
    stream: false,
    ceiling: undefined,
    get predicted() {
      return ofPrediction()
    },
    answers: answersOf(request),
    hasOutput: true,
    ...size,
    get inputBound() {
      return measure()
    },
    cacheWrite: longestWrite(request, [request.system, request.tools, request.messages]),
    tier: readText(request, 'service_tier'),
    speed: readText(request, 'speed'),
    geo: readText(request, 'inference_geo'),
    hiddenOutput: hidesWork(unbounded) || asksForThought(request) || has(request, 'prediction'),
    unbounded,
    wantsUsageFrame: true,
    stores: false,
    promptCacheKey: undefined,
  }
}
