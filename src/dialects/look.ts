/** Looks for media and files in what a request holds, also where no provider's documents expect them. */

import { isObject, type JsonObject, objectIn } from './json.ts'
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

/** Members that name a file at the provider, or something to fetch, or hold it. */
const references: ReadonlyMap<string, 'file' | 'media' | 'source'> = new Map([
  ['file_id', 'file'],
  ['file_ids', 'file'],
  ['file_uri', 'file'],
  ['file_url', 'media'],
  ['file_data', 'media'],
  ['image_url', 'media'],
  ['audio_url', 'media'],
  ['video_url', 'media'],
  ['input_audio', 'media'],
  ['source', 'source'],
])
const sources: ReadonlySet<unknown> = new Set(['file', 'url', 'base64'])

/** What an object names beside the members that its kind has. */
export function lookAtMembers(part: JsonObject, media: Media): void {
  for (const name in part) lookAtMember(name, part[name], media)
}

function lookAtMember(name: string, value: unknown, media: Media): void {
  const kind = references.get(name)
  if (kind === undefined) return
  const type = kind === 'source' ? objectIn(value).type : undefined
  if (kind === 'source' ? !sources.has(type) : !isNamed(value)) return
  if (kind === 'file' || type === 'file') addFile(media)
  addUnknown(media)
}

/** Is it a name, an address or data: not nothing, and not a schema that describes one? */
export function isNamed(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isNamed)
  if (isObject(value)) return [value.url, value.data, value.id].some(one => typeof one === 'string')
  return value !== undefined && value !== null && value !== ''
}

/** Members of a request that are looked through by their own rules, or whose objects are schemas or labels. */
export const readSeparately: ReadonlySet<string> = new Set([
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
export const readInMessages: ReadonlySet<string> = new Set([
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
    for (const name in value) {
      const member = value[name]
      lookAtMember(name, member, media)
      if (typeof member === 'object' && !known?.has(name)) lookAnywhere(member, media)
    }
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
      lookAnywhere(message, media, readInMessages)
    } else if (Array.isArray(message)) {
      addUnknown(media)
      lookAnywhere(message, media)
    }
  }
}
