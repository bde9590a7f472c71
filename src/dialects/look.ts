/** Looks for media and files in what a request holds, also where no provider's documents expect them. */

import { isObject, type JsonObject, objectIn, partsOf } from './json.ts'
import { addFile, addSound, addUnknown, type Media } from './media.ts'

export type Look = (part: JsonObject, media: Media) => void

/** Looks at a part of a content as its kind demands; a part of an unknown kind may be anything. */
export function look(part: JsonObject, known: Look | undefined, media: Media): void {
  if (known) known(part, media)
  else {
    addUnknown(media)
    lookAnywhere(part, media)
  }
}

/** Members that name a file or an earlier answer at the provider, or something to fetch, or hold it. */
const references: ReadonlyMap<string, 'file' | 'media' | 'source' | 'sound'> = new Map([
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
  ['audio', 'sound'],
])
const sources: ReadonlySet<unknown> = new Set(['file', 'url', 'base64'])

function lookAtMember(name: string, value: unknown, media: Media): void {
  const kind = references.get(name)
  if (kind === undefined) return
  const { type, id } = objectIn(kind === 'source' || kind === 'sound' ? value : undefined)
  if (kind === 'sound') {
    if (typeof id === 'string') addSound(media)
    return
  }
  if (kind === 'source' ? !sources.has(type) : !isNamed(value)) return
  if (kind === 'file' || type === 'file') addFile(media)
  addUnknown(media)
}

/** The types of JSON Schema: what has one is the schema of a member named `tools`. */
const schemaTypes: ReadonlySet<unknown> = new Set([
  'array',
  'object',
  'string',
  'number',
  'integer',
  'boolean',
  'null',
])

/** Tools may be defined anywhere in a prompt. False: the value is no definition of tools. */
function addTools(value: unknown, media: Media): boolean {
  if (isObject(value) && typeof value.type !== 'string') return false
  for (const tool of partsOf(value))
    if (typeof tool.type === 'string' && !schemaTypes.has(tool.type)) media.tools.push(tool)
  return true
}

/** Is it a name, an address or data: not nothing, and not a schema that describes one? */
export function isNamed(value: unknown): boolean {
  if (Array.isArray(value)) return value.some(isNamed)
  if (isObject(value)) return [value.url, value.data, value.id].some(one => typeof one === 'string')
  return value !== undefined && value !== null && value !== ''
}

/** Members of a request whose objects are schemas or labels, or that have rules of their own. */
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

/** The same with the `prompt`, which each route looks through by its own rules. */
export function readSeparately(...prompt: string[]): ReadonlySet<string> {
  return new Set([...schemas, ...prompt])
}

/** The same of a message: what a tool is called with is the caller's own, and citations name what an answer has read. */
export const readInMessages: ReadonlySet<string> = new Set([
  'content',
  'tool_calls',
  'function_call',
  'annotations',
  'reasoning',
  'reasoning_content',
  'reasoning_details',
])

/** Looks at all objects in a value, whatever they are, but for the members of the outermost one that are in `apart`. */
export function lookAnywhere(value: unknown, media: Media, apart?: ReadonlySet<string>): void {
  if (Array.isArray(value)) for (const one of value) lookAnywhere(one, media)
  else if (isObject(value)) {
    for (const name in value) {
      if (apart?.has(name)) continue
      const member = value[name]
      lookAtMember(name, member, media)
      if (typeof member !== 'object' || (name === 'tools' && addTools(member, media))) continue
      lookAnywhere(member, media)
    }
  }
}

/** Members that name what an answer has read, or are labels. */
const labels = ['annotations', 'citations', 'metadata']

/** Looks at all that a part holds, but for the members that are the caller's own data or schemas, or looked at by `own`. */
export function within(apart: readonly string[] = [], own?: Look): Look {
  const known = new Set([...labels, ...apart])
  return (part, media) => {
    own?.(part, media)
    lookAnywhere(part, media, known)
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
