/** Parses JSON of unknown shape, and helps to read it. */

import { isTooDeep } from './json-depth.ts'

export type JsonObject = Readonly<Record<string, unknown>>

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** True for a whole number of at least `least`, small enough to be exact. */
export function isCount(value: unknown, least = 0): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= least
}

/** Returns the value if it is an object, else an empty object, so that a caller can read members of an absent value. */
export function objectIn(value: unknown): JsonObject {
  return isObject(value) ? value : EMPTY
}

export function listIn(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : EMPTY_LIST
}

const EMPTY: JsonObject = Object.freeze({})
const EMPTY_LIST: readonly never[] = Object.freeze([])

/** The objects in a content, which is an object, or a list of objects, texts and lists. */
export function partsOf(content: unknown): readonly JsonObject[] {
  if (isObject(content)) return [content]
  if (!Array.isArray(content)) return EMPTY_LIST
  const parts: JsonObject[] = []
  addParts(content, parts)
  return parts
}

/** Adds to one list, because a list for each level of nested lists takes time for each level. */
function addParts(list: readonly unknown[], parts: JsonObject[]): void {
  for (const one of list) {
    if (isObject(one)) parts.push(one)
    else if (Array.isArray(one)) addParts(one, parts)
  }
}

export function textIn(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined
}

/** Begins a JSON object. Anything else is not parsed, because an exception takes much longer than this check. */
const OBJECT = /^\s*\{/

/** Parses a JSON object. Returns undefined for anything else. */
export function parseObject(text: string): JsonObject | undefined {
  if (!OBJECT.test(text)) return undefined
  const value = parseJson(text)
  return isObject(value) ? value : undefined
}

/** Parses JSON of a provider. Returns undefined for invalid JSON, and for JSON that is nested too deeply. */
export function parseJson(text: string): unknown {
  if (isTooDeep(text)) return undefined
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}
