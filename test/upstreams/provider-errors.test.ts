/** The errors of providers, in recorded shapes, and what they mean for the gateway. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { UpstreamVerdict } from '../../src/dialects/dialect.ts'
import { dialects } from '../../src/dialects/index.ts'

const google = (code: number, status: string, message: string) => ({ error: { code, message, status } })

const cases: [provider: string, status: number, body: unknown, expected: string][] = [
  [
    'azure-openai',
    401,
    {
      error: { code: '401', message: 'Access denied due to invalid subscription key or wrong API endpoint.' },
    },
    'account key',
  ],
  [
    'azure-openai',
    404,
    {
      error: { code: 'DeploymentNotFound', message: 'The API deployment for this resource does not exist.' },
    },
    'caller 404',
  ],
  [
    'azure-openai',
    429,
    { error: { code: '429', message: 'Requests have exceeded the call rate limit.' } },
    'rate_limited',
  ],
  ['bedrock', 403, { message: 'The security token included in the request is invalid.' }, 'account key'],
  [
    'bedrock',
    403,
    { Message: 'The request signature we calculated does not match the signature you provided.' },
    'account permission',
  ],
  ['bedrock', 400, { message: 'The provided model identifier is invalid.' }, 'caller 400'],
  ['bedrock', 429, { message: 'Too many tokens, please wait before trying again.' }, 'rate_limited'],
  [
    'vertex',
    401,
    google(401, 'UNAUTHENTICATED', 'Request had invalid authentication credentials.'),
    'account key',
  ],
  [
    'vertex',
    403,
    google(403, 'PERMISSION_DENIED', "Permission 'aiplatform.endpoints.predict' denied"),
    'account permission',
  ],
  ['vertex', 404, google(404, 'NOT_FOUND', 'Publisher Model was not found'), 'caller 404'],
  [
    'vertex',
    429,
    google(429, 'RESOURCE_EXHAUSTED', 'Quota exceeded for online prediction requests'),
    'rate_limited',
  ],
  [
    'gemini',
    400,
    [google(400, 'INVALID_ARGUMENT', 'API key not valid. Please pass a valid API key.')],
    'account key',
  ],
  ['gemini', 400, [google(400, 'INVALID_ARGUMENT', 'Invalid value at max_tokens')], 'caller 400'],
  [
    'deepseek',
    402,
    {
      error: {
        message: 'Insufficient Balance',
        type: 'unknown_error',
        param: null,
        code: 'invalid_request_error',
      },
    },
    'account money',
  ],
  ['mistral', 401, { detail: 'Unauthorized' }, 'account key'],
  [
    'mistral',
    422,
    {
      object: 'error',
      message: {
        detail: [{ type: 'extra_forbidden', loc: ['body', 'n'], msg: 'Extra inputs are not permitted' }],
      },
    },
    'caller 422',
  ],
  ['mistral', 429, { message: 'Requests rate limit exceeded' }, 'rate_limited'],
  [
    'xai',
    400,
    { code: 'Client specified an invalid argument', error: 'Incorrect API key provided: xa***.' },
    'account key',
  ],
  [
    'groq',
    400,
    {
      error: {
        message: 'Failed to call a function.',
        type: 'invalid_request_error',
        code: 'tool_use_failed',
      },
    },
    'caller 400',
  ],
  ['openrouter', 402, { error: { code: 402, message: 'Insufficient credits' } }, 'account money'],
  [
    'together',
    401,
    {
      error: { message: 'Invalid API key provided', type: 'invalid_request_error', code: 'invalid_api_key' },
    },
    'account key',
  ],
  [
    'ollama',
    404,
    { error: { message: 'model "x" not found, try pulling it first', type: 'api_error' } },
    'caller 404',
  ],
  [
    'vllm',
    400,
    {
      object: 'error',
      message: 'This model has a maximum context length of 4096 tokens.',
      type: 'BadRequestError',
      code: 400,
    },
    'caller 400',
  ],
]

describe('an error of a provider', () => {
  for (const [provider, status, body, expected] of cases)
    it(`${provider}: ${status} is ${expected}: ${JSON.stringify(body).slice(0, 80)}`, () => {
      const bytes = Buffer.from(JSON.stringify(body))
      const redaction = { secrets: (text: string) => text, isCallers: () => false }
      for (const { upstreamError } of dialects)
        assert.equal(nameOf(upstreamError(status, bytes, redaction)), expected)
    })
})

function nameOf(verdict: UpstreamVerdict): string {
  if (verdict.kind === 'account') return `account ${verdict.cause}`
  return verdict.kind === 'caller' ? `caller ${verdict.status}` : verdict.kind
}
