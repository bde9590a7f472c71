/** What a Responses request asks for. */

import { longestWrite } from './cache-writes.ts'
import type { Ask } from './dialect.ts'
import { readCount, readFlag, readList, readModel, readObject, readText, readTextOrList } from './fields.ts'
import { type JsonObject, listIn, partsOf } from './json.ts'
import { lookAnywhere, readSeparately } from './look.ts'
import { noMedia } from './media.ts'
import { inputItems, kindOf, lookThrough, REFERENCE } from './openai-content.ts'
import { TOOL_PROMPT, voidingTools } from './openai-tools.ts'
import { promptSize } from './prompt-size.ts'
import { openRequest } from './request.ts'
import { asksForThought } from './thought.ts'
import { has, hidesWork, type VoidingMembers, voidingMedia, voidingMembers } from './voiding.ts'

const PREVIOUS = 'previous_response_id'

const relied = {
  fields: [
    'model',
    'stream',
    'max_output_tokens',
    'max_tool_calls',
    'service_tier',
    'store',
    'background',
    PREVIOUS,
    'prompt_cache_key',
    'reasoning_effort',
  ],
  containers: [
    'input',
    'instructions',
    'tools',
    'reasoning',
    'prompt_cache_options',
    'cache_control',
    'thinking',
    'conversation',
    'prompt',
    'context_management',
  ],
}

const voiding: VoidingMembers = [
  [PREVIOUS, 'stored'],
  ['conversation', 'stored'],
  ['prompt', 'stored'],
  ['background', 'background'],
  ['context_management', 'server_tools'],
]

export function askResponse(body: unknown, raw: Buffer): Ask {
  const request = openRequest(body, raw, relied)
  const model = readModel(request)
  const stream = readFlag(request, 'stream')
  readFlag(request, 'background')
  readObject(request, 'prompt_cache_options')
  // Instructions may be items too.
  const items = [...partsOf(readTextOrList(request, 'input')), ...partsOf(request.instructions)]
  // Tools may also come, or be found, in the course of the input.
  const tools = [readList(request, 'tools'), ...items.map(({ tools }) => listIn(tools))].flat()
  const media = noMedia()
  lookThrough(items, media, inputItems)
  lookAnywhere(request, media, readSeparately)
  const hasReferences = items.some(item => kindOf(item) === REFERENCE)
  const unbounded: Ask['unbounded'] = [
    ...voidingMembers(request, voiding),
    ...(hasReferences ? [{ feature: REFERENCE, opening: 'stored' as const }] : []),
    ...withUses(voidingTools(tools), readCount(request, 'max_tool_calls', 1)),
    ...voidingMode(request),
    ...voidingMedia(media),
  ]
  const overhead = tools.length > 0 ? TOOL_PROMPT : 0
  const { measure, ...size } = promptSize(raw, request, {
    media,
    messages: items.length,
    overhead,
    unbounded,
  })
  return {
    model,
    stream,
    ceiling: readCount(request, 'max_output_tokens', 1),
    predicted: 0,
    answers: 1,
    hasOutput: true,
    ...size,
    get inputBound() {
      return measure()
    },
    cacheWrite:
      longestWrite(request, [request.input, request.instructions, request.tools]) === '1h' ? '1h' : 'other',
    tier: readText(request, 'service_tier'),
    speed: undefined,
    geo: undefined,
    hiddenOutput: hidesWork(unbounded) || asksForThought(request),
    unbounded,
    wantsUsageFrame: true,
    // What is not said to be forgotten is stored.
    stores: readFlag({ store: request.store ?? true }, 'store'),
    // Conversations and prompts do not depend on stored responses.
    recalls: has(request, PREVIOUS) ? PREVIOUS : hasReferences ? REFERENCE : undefined,
    promptCacheKey: readText(request, 'prompt_cache_key'),
  }
}

/** `max_tool_calls` limits all tools together, so each tool gets the whole limit. */
function withUses(tools: Ask['unbounded'], most: number | undefined): Ask['unbounded'] {
  if (most === undefined) return tools
  return tools.map(tool => ({ ...tool, uses: { most, tool: toolOf(tool.feature) } }))
}

/** The name of a tool's fee: `web_search` for `web_search_preview_2025_03_11`. */
function toolOf(type: string): string {
  return type.replace(/(_preview)?(_\d{4}_\d\d_\d\d)?$/, '')
}

/** Modes beyond the standard one may run the model several times for one answer. */
function voidingMode(request: JsonObject): Ask['unbounded'] {
  const { mode } = readObject(request, 'reasoning')
  if (mode === undefined || mode === null || mode === 'standard') return []
  return [{ feature: `reasoning.mode ${JSON.stringify(mode)}`, opening: 'server_tools' }]
}
