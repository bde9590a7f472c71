/** Recognises a whole, successful JSON response among the responses with status 200. */

import { isErrorBody } from './error-shapes.ts'
import { isObject, type JsonObject, listIn } from './json.ts'

export function isWithoutError(response: JsonObject): boolean {
  return !isErrorBody(response) && response.success !== false
}

/** Returns true for a list of objects that is not empty. */
export function hasObjects(list: unknown): boolean {
  return listIn(list).length > 0 && listIn(list).every(isObject)
}

export function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}
