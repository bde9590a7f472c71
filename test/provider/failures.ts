/** The providers' error responses as the owner of the key gets them, with details that no caller may read. */

import type { Failure } from './scenario.ts'

/** The owner of the key. No caller of a gateway may ever see these. */
export const anthropicOrganization = '5c0f9d1e-7a44-4be1-9d0f-0a1b2c3d4e5f'
export const openaiOrganization = 'org-9vXq2UpstreamOwner'
export const openaiProject = 'proj_7KbUpstreamOwner'

const anthropicTypes: Record<number, string> = {
  400: 'invalid_request_error',
  401: 'authentication_error',
  402: 'billing_error',
  403: 'permission_error',
  404: 'not_found_error',
  409: 'conflict_error',
  413: 'request_too_large',
  422: 'invalid_request_error',
  429: 'rate_limit_error',
  504: 'timeout_error',
  529: 'overloaded_error',
}

/** By code where there is one, else by status. */
const anthropicMessages: Record<string, string> = {
  400: 'messages.0.content: Field required',
  401: 'invalid x-api-key',
  402: `Organization ${anthropicOrganization} has no payment method`,
  403: 'Your API key does not have permission to use the specified resource.',
  404: 'model: claude-none',
  413: 'Request exceeds the maximum size',
  429: `This request would exceed the rate limit of organization ${anthropicOrganization}: 4,000,000 input tokens per minute`,
  529: 'Overloaded',
  usage_limits:
    'You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.',
  enforced_spend_limit_reached: `Organization ${anthropicOrganization} reached its enforced spend limit`,
  contract_spend_limit_reached: `Organization ${anthropicOrganization} reached its contract's spend limit`,
  linked_organization_spend_limit_reached: `The linked organization ${anthropicOrganization} reached its limit`,
  linked_organization_billing_unavailable: `Billing of ${anthropicOrganization} is unavailable`,
}

/** Codes whose `details.error_code` the API leaves out. */
const unnamed = ['usage_limits']

export function anthropicFailure({ status, code }: Failure, requestId: string): object {
  const type = anthropicTypes[status] ?? 'api_error'
  const message = anthropicMessages[code ?? status] ?? 'Internal server error'
  const details = code && !unnamed.includes(code) ? { details: { error_code: code } } : {}
  return { type: 'error', error: { type, message, ...details }, request_id: requestId }
}

const openaiErrors: Record<string, { message: string; type: string; code: string | number | null }> = {
  400: { message: 'Unrecognized request argument supplied: foo', type: 'invalid_request_error', code: null },
  401: {
    message: 'Incorrect API key provided: sk-up********key.',
    type: 'invalid_request_error',
    code: 'invalid_api_key',
  },
  402: { message: 'Insufficient credits. Add more in your account.', type: 'billing', code: 402 },
  403: {
    message: `Project ${openaiProject} does not have access to the model`,
    type: 'invalid_request_error',
    code: 'model_not_found',
  },
  404: {
    message: 'The model `gpt-none` does not exist or you do not have access to it.',
    type: 'invalid_request_error',
    code: 'model_not_found',
  },
  413: { message: 'Request too large', type: 'invalid_request_error', code: 'request_too_large' },
  422: { message: 'Unprocessable request', type: 'invalid_request_error', code: null },
  429: {
    message: `Rate limit reached for gpt-6-sol in organization ${openaiOrganization} on tokens per min (TPM)`,
    type: 'tokens',
    code: 'rate_limit_exceeded',
  },
  insufficient_quota: {
    message: 'You exceeded your current quota, please check your plan and billing details.',
    type: 'insufficient_quota',
    code: 'insufficient_quota',
  },
}

export function openaiFailure({ status, code }: Failure): object {
  const unknown = {
    message: 'The server had an error while processing your request.',
    type: 'server_error',
    code: null,
  }
  const error = openaiErrors[code ?? status] ?? openaiErrors[status] ?? unknown
  return { error: { ...error, param: null } }
}
