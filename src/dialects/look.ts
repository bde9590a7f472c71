/** Looks for media and files in what a request holds, also where no provider's documents expect them. */

import { isObject, type JsonObject } from './json.ts'
import { addFile, addUnknown, type Media } from './media.ts'

export type Look = (part: JsonObject, media: Media) => void

/** Looks at a part of a content as its kind demands; a part of an unknown kind may be anything. */
export function look(part: JsonObject, known: Look | undefined, media: Media): void {
  if (known) known(part, media)
  else {
    addUnknown(media)
    lookAnywhere(part, media)
  }
}

/** Members that name a file at the provider, and members that name something to fetch or hold it. */
const namesFile = ['file_id', 'file_ids', 'file_uri']
const namesMedia = ['file_url', 'file_data', 'image_url', 'audio_url', 'video_url', 'input_audio']
const sources: ReadonlySet<unknown> = new Set(['file', 'url', 'base64'])

/** What an object names beside the members that its kind has. */
export function lookAtMembers(part: JsonObject, media: Media): void {
  const { source } = part
  const isSource = isObject(source) && sources.has(source.type)
  if (namesFile.some(name => isNamed(part[name])) || (isSource && source.type === 'file')) {
    addFile(media)
    addUnknown(media)
  } else if (isSource || namesMedia.some(name => isNamed(part[name]))) addUnknown(media)
}

/** Is it a name, an address or data: not nothing, and not a schema that describes one? */
export function isNamed(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isNamed)
  if (isObject(value)) return [value.url, value.data, value.id].some(one => typeof one === 'string')
  return value !== undefined && value !== null && value !== ''
}

/** Members of a request that are looked through by their own rules, or whose objects are schemas or labels. */
export const elsewhere: ReadonlySet<string> = new Set([
  'messages',
  'system',
  'input',
  'instructions',
  'tools',
  'tool_choice',
  'functions',
  'response_format',
  'text',
  'output_config',
  'output_format',
  'metadata',
  'client_metadata',
])

/** The same of a message: what a tool is called with is the caller's own, and citations name what an answer has read. */
export const inMessages: ReadonlySet<string> = new Set([
  'content',
  'tool_calls',
  'function_call',
  'annotations',
  'audio',
  'reasoning',
  'reasoning_content',
  'reasoning_details',
])

/** Looks at all objects in a value, whatever they are, but for the members of the outermost one that are in `known`. */
export function lookAnywhere(value: unknown, media: Media, known?: ReadonlySet<string>): void {
  if (Array.isArray(value)) for (const one of value) lookAnywhere(one, media)
  else if (isObject(value)) {
    lookAtMembers(value, media)
    for (const name in value) if (!known?.has(name)) lookAnywhere(value[name], media)
  }
}

/** `lookThrough` looks through the content of a message. A list in the place of a message may be anything. */
export function lookThroughMessages(
  messages: readonly unknown[],
  media: Media,
  lookThrough: (content: unknown, media: Media) => void,
): void {
  for (const message of messages) {
    if (isObject(message)) {
      lookThrough(message.content, media)
      lookAnywhere(message, media, inMessages)
    } else if (Array.isArray(message)) {
      addUnknown(media)
      lookAnywhere(message, media)
    }
  }
}
