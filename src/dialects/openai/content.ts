/** Reads the content parts and items of an OpenAI prompt: text, media, and references to other content. */

import { isObject, type JsonObject, listIn, objectIn, partsOf, textIn } from '../wire/json.ts'
import { addDocument, addFile, addImage, type Media } from '../wire/media.ts'
import {
  finderOf,
  findMediaAnywhere,
  findMediaInPart,
  isNamed,
  type MediaFinder,
  readInMessages,
} from '../wire/media-search.ts'

/** Approximate tokens of an image. */
const IMAGE = 1000

export type MediaFinders = ReadonlyMap<string, MediaFinder>

const text = finderOf()
const call = finderOf(['arguments'])

/** Counts the media in a list. A part that `looks` does not know may have any size. */
export function findMedia(list: unknown, media: Media, finders: MediaFinders): void {
  for (const part of partsOf(list)) findMediaInPart(part, finders.get(kindOf(part)), media)
}

/** Messages and references to stored items may lack a type. */
export function kindOf(part: JsonObject): string {
  return textIn(part.type) ?? (part.role === undefined ? REFERENCE : 'message')
}

export const REFERENCE = 'item_reference'

/** Returns true for an item with only an id: the provider inserts the stored item. */
export function isReference(item: JsonObject): boolean {
  if (kindOf(item) === REFERENCE) return true
  if (typeof item.id !== 'string') return false
  for (const name in item) if (!withoutContent.has(name) && !isEmpty(name, item[name])) return false
  return true
}

/** Members of an item that are not content. */
const withoutContent: ReadonlySet<string> = new Set(['id', 'type', 'status', 'role'])

/** A reference to reasoning has an empty summary. Other empty lists count as content. */
function isEmpty(name: string, value: unknown): boolean {
  return value === null || (name === 'summary' && Array.isArray(value) && value.length === 0)
}

/** The parts of a chat message's content. */
export const chatParts: MediaFinders = new Map<string, MediaFinder>([
  ['text', text],
  ['refusal', text],
  [
    'image_url',
    finderOf(['image_url'], ({ image_url }, media) => {
      findMediaAnywhere(image_url, media)
      image(isObject(image_url) ? image_url.url : image_url, media)
    }),
  ],
  ['file', finderOf(['file'], ({ file }, media) => document(objectIn(file), media))],
  ['input_audio', finderOf(['input_audio'], audio)],
])

/** The parts of the content of a Responses message, and of a tool's result. */
const inputParts: MediaFinders = new Map<string, MediaFinder>([
  ['input_text', text],
  ['output_text', text],
  ['text', text],
  ['refusal', text],
  ['summary_text', text],
  ['reasoning_text', text],
  ['input_image', finderOf(['file_id', 'image_url'], inputImage)],
  ['computer_screenshot', finderOf(['file_id', 'image_url'], inputImage)],
  ['input_file', finderOf(['file_id', 'file_data', 'file_url'], document)],
  ['input_audio', finderOf(['input_audio'], audio)],
])

const message: MediaFinder = (item, media) => {
  findMedia(item.content, media, inputParts)
  findMediaAnywhere(item, media, readInMessages)
}
const output = finderOf(['output'], (item, media) => findMedia(item.output, media, inputParts))
const outputs = finderOf([], (item, media) => {
  for (const one of listIn(item.outputs)) {
    const { url } = objectIn(one)
    if (url !== undefined) image(url, media)
  }
})

/** The items of a Responses input, without references to stored items. */
export const inputItems: MediaFinders = new Map<string, MediaFinder>([
  ['message', message],
  ['reasoning', text],
  ['compaction', text],
  ['compaction_trigger', text],
  ['function_call', call],
  ['function_call_output', output],
  ['custom_tool_call', finderOf(['input'])],
  ['custom_tool_call_output', output],
  ['computer_call', text],
  ['computer_call_output', output],
  ['web_search_call', text],
  ['file_search_call', finderOf(['results'])],
  ['code_interpreter_call', outputs],
  ['image_generation_call', finderOf([], ({ result }, media) => addImage(media, IMAGE, textIn(result)))],
  ['local_shell_call', text],
  ['local_shell_call_output', text],
  ['shell_call', text],
  ['shell_call_output', text],
  ['apply_patch_call', text],
  ['apply_patch_call_output', text],
  ['mcp_list_tools', text],
  ['mcp_approval_request', call],
  ['mcp_approval_response', text],
  ['mcp_call', call],
  ['tool_search_call', call],
  ['tool_search_output', text],
  ['additional_tools', text],
  ['configuration_update', text],
  ['program', text],
  ['program_output', text],
])

function inputImage(part: JsonObject, media: Media): void {
  if (isNamed(part.file_id)) addFile(media)
  image(part.image_url, media)
}

function image(url: unknown, media: Media): void {
  const data = textIn(url)
  addImage(media, IMAGE, data?.startsWith('data:') ? data : '')
}

function document(file: JsonObject, media: Media): void {
  if (isNamed(file.file_id)) addFile(media)
  addDocument(media, textIn(file.file_data))
}

function audio({ input_audio }: JsonObject, media: Media): void {
  findMediaAnywhere(input_audio, media)
  addDocument(media, textIn(objectIn(input_audio).data))
}
