/** Separates whole, successful JSON responses from anything else that comes with status 200. */

import { isErrorBody } from './error-shapes.ts'
import { isObject, type JsonObject, listIn } from './json.ts'

export function isMessage(response: JsonObject): boolean {
  return isFine(response) && hasObjects(response.content) && isText(response.stop_reason)
}

export function isCompletion(response: JsonObject): boolean {
  const isWhole = (choice: JsonObject) =>
    isObject(choice.message) && isText(choice.finish_reason) && choice.finish_reason !== 'error'
  return (
    isFine(response) &&
    hasObjects(response.choices) &&
    listIn(response.choices).filter(isObject).every(isWhole)
  )
}

/** An `incomplete` one may have more to say the next time. */
export function isResponse(response: JsonObject): boolean {
  return isFine(response) && hasObjects(response.output) && response.status === 'completed'
}

export function isEmbeddings(response: JsonObject): boolean {
  return isFine(response) && hasObjects(response.data)
}

export function isTokenCount(response: JsonObject): boolean {
  return isFine(response) && typeof response.input_tokens === 'number'
}

function isFine(response: JsonObject): boolean {
  return !isErrorBody(response) && response.success !== false
}

/** A list of objects, and not an empty one. */
function hasObjects(list: unknown): boolean {
  return listIn(list).length > 0 && listIn(list).every(isObject)
}

function isText(value: unknown): boolean {
  return typeof value === 'string' && value !== ''
}
