/** Formats errors as Anthropic's API does. */

import type { Family, Refusal } from '../../errors.ts'
import type { Measured } from '../dialect.ts'

const types: Record<Family, string> = {
  invalid_request: 'invalid_request_error',
  authentication: 'authentication_error',
  permission: 'permission_error',
  not_found: 'not_found_error',
  conflict: 'conflict_error',
  too_large: 'request_too_large',
  rate_limit: 'rate_limit_error',
  billing: 'billing_error',
  timeout: 'timeout_error',
  overloaded: 'overloaded_error',
  api: 'api_error',
}

export function errorBody(
  { code, details, family, message, upstreamDetails }: Refusal,
  requestId: string,
): object {
  return {
    type: 'error',
    error: { type: types[family], message, details: { error_code: code, ...details, ...upstreamDetails } },
    request_id: requestId,
  }
}

export function errorEvent(error: Refusal, requestId: string, seen?: Pick<Measured, 'midFrame'>): string {
  const newLine = seen?.midFrame ? '\n' : ''
  return `${newLine}event: error\ndata: ${JSON.stringify(errorBody(error, requestId))}\n\n`
}
