/** Reads an error in a 200 response without output, and finds its status. */

import { beginsError } from './error-frames.ts'
import { errorIn, isErrorBody, isErrorType } from './error-shapes.ts'
import { isObject, type JsonObject, listIn, objectIn, parseObject } from './json.ts'
import type { ResponseShapes } from './response-shape.ts'
import { eventName, frameData, frameEnds, frameObject } from './sse.ts'
import { hasTokens } from './usage.ts'

/**
 * The statuses of the providers' error types and codes, in lower case, without `error` or `exception` at the end. Any
 * other name means 500. A code that is a status means itself.
 */
const statuses: ReadonlyMap<string, number> = new Map<string, number>([
  ['invalidrequest', 400],
  ['badrequest', 400],
  ['validation', 400],
  ['invalidargument', 400],
  ['failedprecondition', 400],
  ['invalidprompt', 400],
  ['invalidvalue', 400],
  ['contextlengthexceeded', 400],
  ['contextwindowexceeded', 400],
  ['contentfilter', 400],
  ['contentpolicyviolation', 400],
  ['unsupportedparameter', 400],
  ['authentication', 401],
  ['unauthenticated', 401],
  ['unauthorized', 401],
  ['invalidapikey', 401],
  ['billing', 402],
  ['permission', 403],
  ['permissiondenied', 403],
  ['accessdenied', 403],
  ['notfound', 404],
  ['resourcenotfound', 404],
  ['modelnotfound', 404],
  ['requesttoolarge', 413],
  ['unprocessableentity', 422],
  ['insufficientquota', 429],
  ['ratelimit', 429],
  ['ratelimited', 429],
  ['ratelimitexceeded', 429],
  ['resourceexhausted', 429],
  ['servicequotaexceeded', 429],
  ['throttling', 429],
  ['toomanyrequests', 429],
  ['requests', 429],
  ['tokens', 429],
  ['serviceunavailable', 503],
  ['unavailable', 503],
  ['modelnotready', 503],
  ['timeout', 504],
  ['apitimeout', 504],
  ['modeltimeout', 504],
  ['deadlineexceeded', 504],
  ['overloaded', 529],
])
/** Faults of an image in the request, such as `image_too_large` and `empty_image_file`. */
const IMAGE_FAULT = /image/i
/** Longest name of an error. */
const LONGEST_NAME = 64
/** Bytes of a long error that are searched for its names. */
const BEGINNING = 4096
/** Levels of an error that are kept. An error is not read deeper, and JSON.stringify fails if it is nested much deeper. */
const DEEPEST = 16

export interface ErrorInside {
  status: number
  /** The error body that the API sends with that status. */
  body: Buffer
}

/** `bytes`: a JSON response, or the beginning of a stream. Returns undefined without an error, or if the response has output. */
export function errorInside(bytes: Buffer, stream: boolean, shapes: ResponseShapes): ErrorInside | undefined {
  const event = stream ? firstEvent(bytes, shapes) : parseObject(bytes.toString('utf8'))
  const error = event && errorOf(event, shapes)
  return (
    error && { status: statusOf(error), body: Buffer.from(JSON.stringify({ error: upTo(DEEPEST, error) })) }
  )
}

function upTo(levels: number, value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if (levels === 0) return null
  if (Array.isArray(value)) return value.map(one => upTo(levels - 1, one))
  return Object.fromEntries(Object.entries(value).map(([name, one]) => [name, upTo(levels - 1, one)]))
}

function isPreliminary({ type }: JsonObject, { isResponseEvent, preliminary }: ResponseShapes): boolean {
  return typeof type === 'string' && (preliminary.has(type) || !isResponseEvent.test(type))
}

/** The first event that is an error or output. */
function firstEvent(bytes: Buffer, shapes: ResponseShapes): JsonObject | undefined {
  let first: JsonObject | undefined
  let begin = 0
  const readFrame = (end: number) => {
    const event = first ?? eventIn(bytes.subarray(begin, end))
    begin = end
    if (event && (errorOf(event, shapes) || !isPreliminary(event, shapes))) first = event
  }
  frameEnds()(bytes, readFrame)
  readFrame(bytes.length)
  return first
}

function eventIn(frame: Buffer): JsonObject | undefined {
  const name = eventName(frame)
  const event = frameObject({ bytes: frame, large: undefined })
  if (event) return isErrorType(name) ? { type: name, ...event } : event
  const message = frameData(frame).trim()
  if (isErrorType(name) && !message.startsWith('{')) return { type: name, message }
  return beginsError(frame) ? partOfError(name, frame) : undefined
}

/** For an error that is cut off. */
function partOfError(name: string, frame: Buffer): JsonObject {
  const text = frame.toString('latin1', 0, BEGINNING)
  const [, code] = /"code"\s*:\s*"?(\w+)/.exec(text) ?? []
  const [, type = name] = /"type"\s*:\s*"(?!error")(\w+)/.exec(text) ?? []
  return {
    type: 'error',
    error: { code, type, message: errorIn(frame.subarray(frame.indexOf('{'))).message },
  }
}

/** The error of a response, of an event, or of the response in an event. */
function errorOf(event: JsonObject, shapes: ResponseShapes): JsonObject | undefined {
  const response = objectIn(event.response)
  if ([event, response].some(part => hasOutput(part, shapes) || hasTokens(part.usage))) return undefined
  for (const error of [event.error, response.error, ...choiceErrors(event)]) {
    if (isObject(error)) return isErrorType(event.type) ? { type: event.type, ...error } : error
    if (typeof error === 'string' && error !== '') return { ...event, message: error }
    if (Array.isArray(error) && error.length > 0)
      return { message: error.map(nameIn).filter(Boolean).join('; ') }
  }
  return isErrorBody(event) ? event : undefined
}

function choiceErrors({ choices }: JsonObject): unknown[] {
  return listIn(choices).map(choice => objectIn(choice).error)
}

function hasOutput(event: JsonObject, { output }: ResponseShapes): boolean {
  const isOutput = (part: unknown) => !objectIn(part).error && objectIn(part).finish_reason !== 'error'
  return output.some(name => listIn(event[name]).some(isOutput))
}

function statusOf({ code, type, status, message }: JsonObject): number {
  for (const name of [code, type, status, message].map(nameIn)) {
    const [number] = /^[45]\d\d\b/.exec(name) ?? []
    const known = number ? Number(number) : statuses.get(plainName(name))
    if (known !== undefined) return known
  }
  return IMAGE_FAULT.test(nameIn(code)) ? 400 : 500
}

/** Text or a number; empty for anything else, because an object may not convert to text. */
function nameIn(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : ''
}

/** Converts `rate_limit_error`, `RateLimitError` and `Rate limit exceeded` to the same form. */
function plainName(name: string): string {
  if (name.length > LONGEST_NAME) return ''
  return name
    .replace(/[^a-z]/gi, '')
    .toLowerCase()
    .replace(/(error|exception)$/, '')
}
