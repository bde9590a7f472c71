/** What an Anthropic request asks for. */

import { lookThrough } from './anthropic-content.ts'
import { toolOverhead, voidingTools } from './anthropic-tools.ts'
import { longestWrite } from './cache-writes.ts'
import type { Ask } from './dialect.ts'
import { readCount, readFlag, readList, readModel, readObject, readText, readTextOrList } from './fields.ts'
import { type JsonObject, listIn, objectIn, textIn } from './json.ts'
import { lookAnywhere, lookThroughMessages, readSeparately } from './look.ts'
import { noMedia } from './media.ts'
import { promptSize } from './prompt-size.ts'
import { openRequest } from './request.ts'
import { asksForThought } from './thought.ts'
import { hidesWork, type VoidingMembers, voidingMedia, voidingMembers } from './voiding.ts'

const relied = {
  fields: [
    'model',
    'stream',
    'max_tokens',
    'service_tier',
    'speed',
    'inference_geo',
    'container',
    'reasoning_effort',
  ],
  containers: [
    'messages',
    'system',
    'tools',
    'thinking',
    'reasoning',
    'cache_control',
    'prompt_cache_options',
    'context_management',
    'compaction',
    'mcp_servers',
    'thread',
    'fallbacks',
    'fallback_credit_token',
  ],
}

/** Members that add input or calls of their own, or lean on what all callers share. */
const voiding: VoidingMembers = [
  ['mcp_servers', 'server_tools'],
  ['compaction', 'server_tools'],
  ['fallbacks', 'server_tools'],
  ['fallback_credit_token', 'server_tools'],
  ['container', 'stored'],
  ['thread', 'stored'],
]

export function askMessages(body: unknown, raw: Buffer): Ask {
  const request = objectIn(body)
  return Object.assign(askCommon(body, raw), {
    stream: readFlag(request, 'stream'),
    ceiling: readCount(request, 'max_tokens', 0),
  })
}

export function askTokenCount(body: unknown, raw: Buffer): Ask {
  return Object.assign(askCommon(body, raw), { hasOutput: false })
}

function askCommon(body: unknown, raw: Buffer): Ask {
  const request = openRequest(body, raw, relied)
  const model = readModel(request)
  readObject(request, 'thinking')
  const messages = readList(request, 'messages')
  const system = readTextOrList(request, 'system')
  const media = noMedia()
  lookThroughMessages(messages, media, lookThrough)
  lookThrough(system, media)
  lookAnywhere(request, media, readSeparately)
  const tools = [...readList(request, 'tools'), ...media.tools]
  const unbounded = [
    ...voidingMembers(request, voiding),
    ...voidingTools(tools),
    ...voidingEdits(request),
    ...voidingMedia(media),
  ]
  const overhead = toolOverhead(tools)
  const { measure, ...size } = promptSize(raw, request, {
    media,
    messages: messages.length,
    overhead,
    unbounded,
  })
  return {
    model,
    stream: false,
    ceiling: undefined,
    predicted: 0,
    answers: 1,
    hasOutput: true,
    ...size,
    get inputBound() {
      return measure()
    },
    cacheWrite: longestWrite(request, [request.system, request.tools, request.messages]),
    tier: readText(request, 'service_tier'),
    speed: readText(request, 'speed'),
    geo: readText(request, 'inference_geo'),
    hiddenOutput: hidesWork(unbounded) || asksForThought(request),
    unbounded,
    wantsUsageFrame: true,
    stores: false,
    promptCacheKey: undefined,
  }
}

/** Clearing the context makes it smaller; anything else that is done to it may call a model. */
function voidingEdits(request: JsonObject): Ask['unbounded'] {
  const { edits } = readObject(request, 'context_management')
  return listIn(edits)
    .map(edit => textIn(objectIn(edit).type) ?? 'an edit')
    .filter(type => !type.startsWith('clear_'))
    .map(type => ({ feature: `context_management ${type}`, opening: 'server_tools' }))
}
