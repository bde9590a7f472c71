/** Reads the content blocks of an Anthropic prompt: text, media, and references to other content. */

import { type JsonObject, objectIn, partsOf, textIn } from '../wire/json.ts'
import { addDocument, addFile, addImage, type Media } from '../wire/media.ts'
import {
  finderOf,
  findMediaAnywhere,
  findMediaInPart,
  isNamed,
  type MediaFinder,
} from '../wire/media-search.ts'

/** Approximate tokens of an image. */
const IMAGE = 1600

const text = finderOf()
const call = finderOf(['input'])
const nested = finderOf(['content'], ({ content }, media) => findMedia(content, media))
const fetched = finderOf(['content'], ({ content }, media) => {
  const { content: page, ...more } = objectIn(content)
  findMedia([page], media)
  findMediaAnywhere(more, media)
})

const blocks: ReadonlyMap<string, MediaFinder> = new Map<string, MediaFinder>([
  ['text', text],
  ['thinking', text],
  ['redacted_thinking', text],
  ['compaction', finderOf(['tool_changes'], ({ tool_changes }, media) => findMedia(tool_changes, media))],
  ['fallback', text],
  ['tool_use', call],
  ['server_tool_use', call],
  ['mcp_tool_use', call],
  ['mcp_tool_listing', finderOf(['tools'])],
  ['tool_reference', text],
  ['tool_addition', finderOf(['tool'], ({ tool }, media) => addTool(objectIn(tool), media))],
  ['tool_removal', text],
  ['browser_state', text],
  ['web_search_tool_result', text],
  ['advisor_tool_result', text],
  ['code_execution_tool_result', text],
  ['bash_code_execution_tool_result', text],
  ['text_editor_code_execution_tool_result', text],
  ['tool_search_tool_result', text],
  ['tool_result', nested],
  ['mcp_tool_result', nested],
  ['search_result', nested],
  ['web_fetch_tool_result', fetched],
  ['image', finderOf(['source'], (block, media) => image(objectIn(block.source), media))],
  ['document', finderOf(['source'], (block, media) => document(objectIn(block.source), media))],
  ['container_upload', finderOf([], (_block, media) => addFile(media))],
])

/** Counts the media in the `content` of a message or a tool's result, or in the system prompt. */
export function findMedia(content: unknown, media: Media): void {
  for (const block of partsOf(content)) findMediaInPart(block, blocks.get(textIn(block.type) ?? ''), media)
}

/** A content block may define a tool, also one that runs at the provider. */
function addTool({ definition }: JsonObject, media: Media): void {
  if (definition !== undefined) media.tools.push(definition)
}

function image(source: JsonObject, media: Media): void {
  if (namesFile(source)) addFile(media)
  addImage(media, IMAGE, textIn(source.data))
}

function document(source: JsonObject, media: Media): void {
  if (namesFile(source)) addFile(media)
  if (source.type === 'content') findMedia(source.content, media)
  if (source.type === 'content' || source.type === 'text') return
  addDocument(media, textIn(source.data))
}

function namesFile({ type, file_id }: JsonObject): boolean {
  return type === 'file' || isNamed(file_id)
}
