/** Parses a Responses request. */

import type { ParsedRequest } from '../dialect.ts'
import { longestWrite } from '../wire/cache-writes.ts'
import {
  readCount,
  readFlag,
  readList,
  readModel,
  readObject,
  readText,
  readTextOrList,
} from '../wire/fields.ts'
import { partsOf, textIn } from '../wire/json.ts'
import { noMedia } from '../wire/media.ts'
import { findMediaAnywhere, membersReadElsewhere } from '../wire/media-search.ts'
import { membersRead, openRequest, type Sent } from '../wire/open-request.ts'
import { completionsOf, maxOutputTokensOf } from '../wire/output-bound.ts'
import { asksForReasoning } from '../wire/reasoning.ts'
import { TextRequest } from '../wire/text-request.ts'
import { has, hidesWork, unboundedMedia, unboundedMembers, unboundedMode } from '../wire/unbounded.ts'
import { findMedia, inputItems, isReference, REFERENCE } from './content.ts'
import { TOOL_PROMPT, type UnboundedTool, unboundedTools } from './tools.ts'

const PREVIOUS = 'previous_response_id'

const read = membersRead({
  fields: [
    'model',
    'stream',
    'max_tool_calls',
    'service_tier',
    'store',
    'prompt_cache_key',
    'reasoning_effort',
  ],
  containers: ['input', 'instructions', 'tools', 'prompt_cache_options', 'cache_control', 'thinking'],
})

const skipped = membersReadElsewhere('input', 'instructions')

export function parseResponses(...sent: Sent): ParsedRequest {
  const open = openRequest(sent, read)
  const { request } = open
  const model = readModel(request)
  const stream = readFlag(request, 'stream')
  readFlag(request, 'background')
  readObject(request, 'prompt_cache_options')
  readObject(request, 'reasoning')
  // Instructions may be items too.
  const items = [...partsOf(readTextOrList(request, 'input')), ...partsOf(request.instructions)]
  const media = noMedia()
  findMedia(items, media, inputItems)
  findMediaAnywhere(request, media, skipped)
  // Items of the input may also define or load tools.
  const tools = readList(request, 'tools').concat(media.tools)
  const hasReferences = items.some(isReference)
  const unbounded: ParsedRequest['unbounded'] = [
    ...unboundedMembers(request),
    ...(hasReferences ? [{ feature: REFERENCE, allowedBy: 'stored' as const }] : []),
    ...withUses(unboundedTools(tools), readCount(request, 'max_tool_calls', 1)),
    ...items.flatMap(unboundedMode),
    ...unboundedMedia(media),
  ]
  const overhead = tools.length > 0 ? TOOL_PROMPT : 0
  return new TextRequest(
    open,
    { media, messages: items.length, overhead },
    {
      model,
      stream,
      maxOutputTokens: maxOutputTokensOf(request, ['max_output_tokens'], 1),
      completions: completionsOf(request),
      hasOutput: true,
      cacheWrite:
        longestWrite(request, [request.input, request.instructions, request.tools]) === '1h' ? '1h' : 'other',
      tier: readText(request, 'service_tier'),
      // For models of another provider. A value that is not a string is ignored.
      speed: textIn(request.speed),
      geo: textIn(request.inference_geo),
      hiddenOutput:
        hidesWork(unbounded) || [request, ...items].some(asksForReasoning) || has(request, 'prediction'),
      unbounded,
      wantsUsageFrame: true,
      // The provider stores a response unless `store` is false.
      stores: readFlag({ store: request.store ?? true }, 'store'),
      // Conversations and prompts do not depend on stored responses.
      recalls: has(request, PREVIOUS) ? PREVIOUS : hasReferences ? REFERENCE : undefined,
      promptCacheKey: readText(request, 'prompt_cache_key'),
    },
  )
}

/** `max_tool_calls` limits all tools together, so each tool gets the whole limit. */
function withUses(tools: readonly UnboundedTool[], most: number | undefined): ParsedRequest['unbounded'] {
  return most === undefined ? tools : tools.map(tool => ({ ...tool, uses: { most, tool: tool.fee } }))
}
