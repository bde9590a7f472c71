/** Reads an error body in the shapes that providers and compatible servers use. */

import { isObject, type JsonObject, listIn, objectIn, parseJson, textIn } from './json.ts'
import type { Shape } from './pruner.ts'

interface FoundError {
  /** Empty if the body has no message. */
  message: string
  type: string | undefined
  code: string | undefined
  param: string | undefined
  details: unknown
}

/** Members that may have the message, in this order. Some servers put an object or a list there. */
const WORDS = ['message', 'Message', 'detail', 'msg', 'error_description', 'description', 'reason', 'title']
/** Highest number of faults in a message. */
const MOST = 20
const DEEPEST = 8

/** The members to keep of an error that is too large. */
const FAULT: Shape = { code: true, type: true, status: true, message: true, param: true }
export const ERROR_MEMBERS: Shape = {
  ...FAULT,
  object: true,
  detail: true,
  msg: true,
  error: FAULT,
  errors: FAULT,
}

/**
 * Matches `error`, `invalid_request_error`, `RateLimitError`, `throttlingException`, and the event that ends a failed
 * response of the Responses API.
 */
export function isErrorType(type: unknown): boolean {
  return typeof type === 'string' && (/(error|exception)$/i.test(type) || type === 'response.failed')
}

/** Returns true if a response or an event is an error. */
export function isErrorBody(body: JsonObject): boolean {
  const { type, object, error, errors, response, choices } = body
  if (isErrorType(type) || isErrorType(object)) return true
  const inner = [error, errors, objectIn(response).error, ...listIn(choices).map(one => objectIn(one).error)]
  if (inner.some(isGiven)) return true
  return type === undefined && choices === undefined && WORDS.some(name => name in body)
}

function isGiven(value: unknown): boolean {
  return isObject(value) || (typeof value === 'string' && value !== '') || listIn(value).length > 0
}

export function errorIn(body: Buffer): FoundError {
  const text = body.toString('utf8').trim()
  const parsed = parseJson(text)
  if (parsed === undefined) return { ...errorOf({}), message: plainText(text) }
  const outer = Array.isArray(parsed) ? parsed[0] : parsed
  const error = errorMember(objectIn(outer))
  return { ...errorOf(error), message: wordsIn(outer) }
}

/** `{ error: {…} }`, or the error itself. */
function errorMember(outer: JsonObject): JsonObject {
  const { error = outer } = outer
  return isObject(error) ? error : { ...outer, type: outer.type ?? outer.error_type }
}

function errorOf(error: JsonObject): FoundError {
  const { code, details, param, type } = error
  return {
    message: '',
    type: textIn(type),
    code: textIn(code),
    param: textIn(param) ?? fieldIn(error.detail),
    details,
  }
}

/** Returns the message of an error in any shape. */
function wordsIn(value: unknown, depth = 0): string {
  if (typeof value === 'string') return value
  if (depth === DEEPEST) return ''
  if (Array.isArray(value)) {
    const faults = value.slice(0, MOST).map(one => wordsIn(one, depth + 1))
    return faults.filter(one => one !== '').join('; ')
  }
  if (!isObject(value)) return ''
  const { error, errors } = value
  // If there is another message, a plain `error` is only a name, such as "Bad Request".
  const inner = [
    typeof error === 'string' ? '' : error,
    faultsIn(errors),
    ...WORDS.map(name => value[name]),
    textIn(error),
  ]
  for (const one of inner) {
    const words = wordsIn(one, depth + 1)
    if (words !== '') return withField(words, value)
  }
  return ''
}

/** Converts `{ errors: { field: ["text"] } }` to a list. */
function faultsIn(errors: unknown): unknown {
  if (!isObject(errors) || WORDS.some(name => name in errors)) return errors
  return Object.entries(errors).map(([field, words]) => ({ loc: [field], msg: words }))
}

/** The path of a validation fault: `loc: ["body", "messages", 0]`. */
function withField(words: string, { loc }: JsonObject): string {
  const field = pathOf(loc)
  return field === '' ? words : `${field}: ${words}`
}

function fieldIn(detail: unknown): string | undefined {
  return pathOf(objectIn(listIn(detail)[0]).loc) || undefined
}

function pathOf(loc: unknown): string {
  const [first, ...others] = listIn(loc).filter(one => typeof one === 'string' || typeof one === 'number')
  if (first === undefined) return ''
  return (first === 'body' && others.length > 0 ? others : [first, ...others]).join('.')
}

/** Text, or JSON that was cut off. An HTML page is not passed on. */
function plainText(text: string): string {
  if (text.startsWith('<')) return ''
  if (!/^[[{]/.test(text)) return text
  const [, start = '', closed] = /"(?:message|detail|msg)"\s*:\s*"((?:[^"\\]|\\.)*)("?)/.exec(text) ?? []
  // The last word may be part of a name.
  return textIn(parseJson(`"${closed ? start : start.replace(/\s\S{0,512}$/, '')}"`)) ?? ''
}
