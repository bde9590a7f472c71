/** Separates whole, successful JSON responses from anything else that comes with status 200. */

import { isErrorBody } from './error-shapes.ts'
import { isObject, type JsonObject, listIn } from './json.ts'

export function isWithoutError(response: JsonObject): boolean {
  return !isErrorBody(response) && response.success !== false
}

/** Is it a list of objects, and not an empty one? */
export function hasObjects(list: unknown): boolean {
  return listIn(list).length > 0 && listIn(list).every(isObject)
}

export function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}
