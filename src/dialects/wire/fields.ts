/** Reads the fields of a request. A field of the wrong type is refused with its name, the found and the expected value. */

import { type Refusal, refusal } from '../../errors.ts'
import { isCount, isObject, type JsonObject } from './json.ts'

/** Longest text that is stored for long, such as a label of a metric. */
const LONGEST_NAME = 256

/** The body of a request must be a JSON object. */
export function readBody(body: unknown): JsonObject {
  if (isObject(body)) return body
  throw refusal('invalid_request', `The body is ${kindOf(body)}; expected a JSON object.`)
}

export function readModel(body: JsonObject): string {
  const { model } = body
  if (typeof model === 'string' && model.length > 0 && model.length <= LONGEST_NAME) return model
  throw wrong('model', model, `the name of a model, at most ${LONGEST_NAME} characters long`)
}

/** True or false; absent or null is false. */
export function readFlag(body: JsonObject, name: string, path = name): boolean {
  const value = body[name] ?? false
  if (typeof value === 'boolean') return value
  throw wrong(path, value, 'true or false')
}

/** A whole number of at least `least`; absent or null is undefined. */
export function readCount(body: JsonObject, name: string, least: number): number | undefined {
  const value = body[name] ?? undefined
  if (value === undefined || isCount(value, least)) return value
  throw wrong(name, value, `a whole number, ${least} or more`)
}

/** Text; absent or null is undefined. */
export function readText(body: JsonObject, name: string): string | undefined {
  const value = body[name] ?? undefined
  if (value === undefined || typeof value === 'string') return value
  throw wrong(name, value, 'a string')
}

/** An object; absent or null is an empty one. */
export function readObject(body: JsonObject, name: string): JsonObject {
  const value = body[name] ?? {}
  if (isObject(value)) return value
  throw wrong(name, value, 'an object')
}

/** A list; absent or null is an empty one. */
export function readList(body: JsonObject, name: string): readonly unknown[] {
  const value = body[name] ?? []
  if (Array.isArray(value)) return value
  throw wrong(name, value, 'a list')
}

/** Text or a list; absent or null is an empty list. */
export function readTextOrList(body: JsonObject, name: string): string | readonly unknown[] {
  const value = body[name] ?? []
  if (typeof value === 'string' || Array.isArray(value)) return value
  throw wrong(name, value, 'a string or a list')
}

export function wrong(param: string, found: unknown, expected: string): Refusal {
  return refusal('invalid_request', `${param} is ${spelt(found)}; expected ${expected}.`, {
    details: { param },
    // The value may be private, so it must not get into the log.
    reason: `${param} is ${kindOf(found)}; expected ${expected}`,
  })
}

function spelt(value: unknown): string {
  if (typeof value === 'string') return JSON.stringify(value.length > 40 ? `${value.slice(0, 40)}…` : value)
  return typeof value === 'number' || typeof value === 'boolean' ? String(value) : kindOf(value)
}

function kindOf(value: unknown): string {
  if (value === undefined) return 'missing'
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'a list'
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`
}
