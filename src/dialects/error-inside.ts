/** Reads the error that a 200 response carries instead of output, as the status it stands for. */

import { isErrorBody } from './error-shapes.ts'
import { isObject, type JsonObject, listIn, objectIn, parseObject, textIn } from './json.ts'
import { ANNOUNCING } from './openai-responses-meter.ts'
import { frameObject, frames } from './sse.ts'

/** The statuses of the makers' error types and codes; any other name is a 500. A code that is a status stands for itself. */
const statuses: ReadonlyMap<unknown, number> = new Map<unknown, number>([
  ['invalid_request_error', 400],
  ['invalid_prompt', 400],
  ['invalid_value', 400],
  ['context_length_exceeded', 400],
  ['content_filter', 400],
  ['content_policy_violation', 400],
  ['unsupported_parameter', 400],
  ['authentication_error', 401],
  ['invalid_api_key', 401],
  ['billing_error', 402],
  ['permission_error', 403],
  ['not_found_error', 404],
  ['model_not_found', 404],
  ['request_too_large', 413],
  ['insufficient_quota', 429],
  ['rate_limit_error', 429],
  ['rate_limit_exceeded', 429],
  ['too_many_requests', 429],
  ['requests', 429],
  ['tokens', 429],
  ['service_unavailable', 503],
  ['service_unavailable_error', 503],
  ['timeout_error', 504],
  ['timeout', 504],
  ['overloaded_error', 529],
])
/** Faults of an image in the request, such as `image_too_large` and `empty_image_file`. */
const IMAGE_FAULT = /image/

export interface ErrorInside {
  status: number
  /** An error body as the API gives it with that status. */
  body: Buffer
}

/** Events that say nothing of the output. */
const PRELIMINARY = new Set<unknown>(['ping', ...ANNOUNCING])

/** `bytes`: a JSON response, or the beginning of a stream. Undefined: no error, or output before or beside it. */
export function errorInside(bytes: Buffer, stream: boolean): ErrorInside | undefined {
  const events = stream ? eventsIn(bytes) : [objectIn(parseObject(bytes.toString('utf8')))]
  const first = events.find(event => errorOf(event) || !PRELIMINARY.has(event.type))
  const error = first && errorOf(first)
  return error && { status: statusOf(error), body: Buffer.from(JSON.stringify({ error })) }
}

function eventsIn(bytes: Buffer): JsonObject[] {
  const events: JsonObject[] = []
  const stream = frames({}, frame => {
    const event = frameObject(frame)
    if (event) events.push(event)
  })
  stream.push(bytes)
  stream.end()
  return events
}

/** The error of a response, of an event, or of the response that an event carries. */
function errorOf(event: JsonObject): JsonObject | undefined {
  const response = objectIn(event.response)
  if ([event, response].some(part => hasOutput(part) || isObject(part.usage))) return undefined
  for (const error of [event.error, response.error, ...choiceErrors(event)]) {
    if (isObject(error)) return error
    if (typeof error === 'string' && error !== '') return { ...event, message: error }
    if (Array.isArray(error) && error.length > 0) return { message: error.map(String).join('; ') }
  }
  return isErrorBody(event) ? event : undefined
}

function choiceErrors({ choices }: JsonObject): unknown[] {
  return listIn(choices).map(choice => objectIn(choice).error)
}

function hasOutput({ choices, content, output }: JsonObject): boolean {
  const isOutput = (part: unknown) => !objectIn(part).error
  return [choices, content, output].some(parts => listIn(parts).some(isOutput))
}

function statusOf({ code, type, status }: JsonObject): number {
  for (const name of [code, type, status]) {
    const number = Number(name)
    if (number >= 400 && number < 600) return number
    const known = statuses.get(name)
    if (known !== undefined) return known
  }
  return IMAGE_FAULT.test(textIn(code) ?? '') ? 400 : 500
}
