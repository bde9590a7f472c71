/** Formats errors as OpenAI's APIs do. */

import type { Family, Refusal, RefusalCode } from '../../errors.ts'
import type { Measured } from '../dialect.ts'

const types: Record<Family, string> = {
  invalid_request: 'invalid_request_error',
  authentication: 'invalid_request_error',
  permission: 'invalid_request_error',
  not_found: 'invalid_request_error',
  conflict: 'invalid_request_error',
  too_large: 'invalid_request_error',
  rate_limit: 'rate_limit_exceeded',
  billing: 'insufficient_quota',
  timeout: 'server_error',
  overloaded: 'server_error',
  api: 'server_error',
}

/** OpenAI's own codes. Other errors have the gateway's code. */
const codes: Partial<Record<RefusalCode, string | null>> = {
  missing_key: 'invalid_api_key',
  // OpenAI's code for a model that the account may not use.
  model_not_allowed: 'model_not_found',
  invalid_key: 'invalid_api_key',
  invalid_request: null,
  unprocessable: null,
  rate_limited: 'rate_limit_exceeded',
  upstream_rate_limited: 'rate_limit_exceeded',
  budget_exceeded: 'insufficient_quota',
  request_exceeds_budget: 'insufficient_quota',
}

const params: Partial<Record<RefusalCode, string>> = {
  model_not_found: 'model',
  model_not_allowed: 'model',
  model_not_priced: 'model',
}

export function errorBody(error: Refusal): { error: object } {
  return {
    error: {
      ...errorOf(error),
      details: { error_code: error.code, ...error.details, ...error.upstreamDetails },
    },
  }
}

/** Chat has no named events. */
export function chatErrorEvent(
  error: Refusal,
  _requestId: string,
  seen?: Pick<Measured, 'midFrame'>,
): string {
  const newLine = seen?.midFrame ? '\n' : ''
  return `${newLine}data: ${JSON.stringify(errorBody(error))}\n\n`
}

/** The members of a response that a client's parser needs besides status and error. */
const RESPONSE_MEMBERS = ['id', 'object', 'created_at', 'model', 'metadata', 'previous_response_id']

/** Events have numbers from 0. A stream that has announced a response also ends the response. */
export function responseErrorEvent(
  error: Refusal,
  _requestId: string,
  seen: Pick<Measured, 'events' | 'midFrame' | 'response'> = { events: 0, midFrame: false },
): string {
  const { type, code, message, param } = errorOf(error)
  const frame = (name: string, sequence_number: number, members: object) =>
    `event: ${name}\ndata: ${JSON.stringify({ type: name, ...members, sequence_number })}\n\n`
  const fault = { code: code ?? type, message }
  const events = [frame('error', seen.events, { ...fault, param })]
  if (seen.response) {
    const known = RESPONSE_MEMBERS.map(name => [name, seen.response?.[name]])
    const response = { ...Object.fromEntries(known), status: 'failed', error: fault, output: [], usage: null }
    events.push(frame('response.failed', seen.events + 1, { response }))
  }
  return `${seen.midFrame ? '\n' : ''}${events.join('')}`
}

function errorOf({ code, details, family, message }: Refusal) {
  const upstreamCode = details.upstream_code
  const known = code in codes ? codes[code] : code
  const param = details.param ?? params[code] ?? null
  return {
    message,
    type: types[family],
    param: param === null ? null : String(param),
    code: typeof upstreamCode === 'string' ? upstreamCode : (known ?? null),
  }
}
