/** Searches a request for media and files, also in members where no provider documents them. */

import { isObject, type JsonObject, objectIn, partsOf } from './json.ts'
import { addAudioId, addFile, addUnknown, type Media } from './media.ts'

export type MediaFinder = (part: JsonObject, media: Media) => void

/** Reads a part of a content by its type. A part of an unknown type may have any size. */
export function findMediaInPart(part: JsonObject, known: MediaFinder | undefined, media: Media): void {
  if (known) known(part, media)
  else {
    addUnknown(media)
    findMediaAnywhere(part, media)
  }
}

/** Members that contain media, or refer to a stored file, an earlier audio response or a URL. */
const references: ReadonlyMap<string, 'file' | 'media' | 'source' | 'audio'> = new Map([
  ['file_id', 'file'],
  ['file_ids', 'file'],
  ['file_uri', 'file'],
  ['fileId', 'file'],
  ['fileUri', 'file'],
  ['file_url', 'media'],
  ['file_data', 'media'],
  ['image_url', 'media'],
  ['audio_url', 'media'],
  ['video_url', 'media'],
  ['document_url', 'media'],
  ['input_audio', 'media'],
  ['source', 'source'],
  ['audio', 'audio'],
])
const sources: ReadonlySet<unknown> = new Set(['file', 'url', 'base64'])

function checkMember(name: string, value: unknown, media: Media): void {
  const kind = references.get(name)
  if (kind === undefined) return
  const { type, id } = objectIn(kind === 'source' || kind === 'audio' ? value : undefined)
  if (kind === 'audio') {
    if (typeof id === 'string') addAudioId(media)
    return
  }
  if (kind === 'source' ? !sources.has(type) : !isNamed(value)) return
  if (kind === 'file' || type === 'file') addFile(media)
  addUnknown(media)
}

/** The types of JSON Schema. An object with one of these is the schema of a property named `tools`, not a tool. */
const schemaTypes: ReadonlySet<unknown> = new Set([
  'array',
  'object',
  'string',
  'number',
  'integer',
  'boolean',
  'null',
])

/** Adds the tools in a member named `tools`. Returns false if the value is an object without a type: it is not a tool. */
function addTools(value: unknown, media: Media): boolean {
  if (isObject(value) && typeof value.type !== 'string') return false
  for (const tool of partsOf(value))
    if (typeof tool.type === 'string' && !schemaTypes.has(tool.type)) media.tools.push(tool)
  return true
}

/** Returns true for a name, an address or data. An empty value and a schema are none. */
export function isNamed(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isNamed)
  if (isObject(value)) return [value.url, value.data, value.id].some(one => typeof one === 'string')
  return value !== undefined && value !== null && value !== ''
}

/** Members of a request that are schemas or labels, or that other code reads. */
const schemas = [
  'tools',
  'tool_choice',
  'functions',
  'response_format',
  'text',
  'output_config',
  'output_format',
  'metadata',
  'client_metadata',
]

/** These members and those of the `prompt`, which each route reads by its own rules. */
export function membersReadElsewhere(...prompt: string[]): ReadonlySet<string> {
  return new Set([...schemas, ...prompt])
}

/** The same members of a message. The arguments of a tool are the client's data, and citations name sources of a response. */
export const readInMessages: ReadonlySet<string> = new Set([
  'content',
  'tool_calls',
  'function_call',
  'annotations',
  'reasoning',
  'reasoning_content',
  'reasoning_details',
])

/** Visits all objects in a value. It skips the members of the outermost object that are in `skipped`. */
export function findMediaAnywhere(value: unknown, media: Media, skipped?: ReadonlySet<string>): void {
  if (Array.isArray(value)) for (const one of value) findMediaAnywhere(one, media)
  else if (isObject(value)) {
    for (const name in value) {
      if (skipped?.has(name)) continue
      const member = value[name]
      checkMember(name, member, media)
      if (typeof member !== 'object' || (name === 'tools' && addTools(member, media))) continue
      findMediaAnywhere(member, media)
    }
  }
}

/** Members that are citations or labels. */
const labels = ['annotations', 'citations', 'metadata']

/** Reads a part by `own`, then its other members. It skips labels and `skipped`: the client's data, schemas, and members that `own` reads. */
export function finderOf(skipped: readonly string[] = [], own?: MediaFinder): MediaFinder {
  const all = new Set([...labels, ...skipped])
  return (part, media) => {
    own?.(part, media)
    findMediaAnywhere(part, media, all)
  }
}

/** `lookThrough` searches the content of a message. A list instead of a message may have any size. */
export function findMediaInMessages(
  messages: readonly unknown[],
  media: Media,
  findMedia: (content: unknown, media: Media) => void,
): void {
  for (const message of messages) {
    if (isObject(message)) {
      findMedia(message.content, media)
      findMediaAnywhere(message, media, readInMessages)
    } else if (Array.isArray(message)) {
      addUnknown(media)
      findMediaAnywhere(message, media)
    }
  }
}
