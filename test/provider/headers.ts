/** The headers of the providers' responses, with all those that belong to the owner of the key. */

import { anthropicOrganization, openaiOrganization, openaiProject } from './failures.ts'
import type { Api } from './reply.ts'

const cookie = '__cf_bm=upstream-cookie; path=/; HttpOnly; Secure'

const edge = {
  server: 'cloudflare',
  'cf-ray': '9a1upstream-AMS',
  'cf-cache-status': 'DYNAMIC',
  'strict-transport-security': 'max-age=31536000; includeSubDomains; preload',
  'set-cookie': cookie,
}

const anthropic = {
  ...edge,
  'anthropic-organization-id': anthropicOrganization,
  'anthropic-ratelimit-requests-limit': '4000',
  'anthropic-ratelimit-requests-remaining': '3999',
  'anthropic-ratelimit-requests-reset': '2026-11-23T12:00:00Z',
  'anthropic-ratelimit-tokens-limit': '4800000',
  'anthropic-ratelimit-tokens-remaining': '4799000',
  'anthropic-ratelimit-tokens-reset': '2026-11-23T12:00:00Z',
  'anthropic-ratelimit-input-tokens-limit': '4000000',
  'anthropic-ratelimit-input-tokens-remaining': '3999000',
  'anthropic-ratelimit-input-tokens-reset': '2026-11-23T12:00:00Z',
  'anthropic-ratelimit-output-tokens-limit': '800000',
  'anthropic-ratelimit-output-tokens-remaining': '800000',
  'anthropic-ratelimit-output-tokens-reset': '2026-11-23T12:00:00Z',
  'anthropic-priority-input-tokens-limit': '10000',
  'anthropic-ratelimit-unified-status': 'allowed',
}

const openai = {
  ...edge,
  'openai-organization': openaiOrganization,
  'openai-project': openaiProject,
  'openai-processing-ms': '212',
  'openai-version': '2020-10-01',
  'x-ratelimit-limit-requests': '10000',
  'x-ratelimit-remaining-requests': '9999',
  'x-ratelimit-reset-requests': '6ms',
  'x-ratelimit-limit-tokens': '30000000',
  'x-ratelimit-remaining-tokens': '29999000',
  'x-ratelimit-reset-tokens': '6m0s',
}

/** Every upstream request id begins like this. */
const requestIds = { anthropic: 'req_011upstream', openai: 'req_upstream' }

/** Strings that no response, error or log line of a gateway may hold. */
export const upstreamSecrets: readonly string[] = [
  anthropicOrganization,
  openaiOrganization,
  openaiProject,
  'upstream-cookie',
  ...Object.values(requestIds),
]

/** Headers whose upstream values no caller may see; a gateway fills some of them with values of its own. */
export const upstreamHeaders: Readonly<Record<Api['family'], Record<string, string>>> = { anthropic, openai }

let count = 0

export function requestId(family: Api['family']): string {
  count += 1
  return `${requestIds[family]}${count.toString(36).padStart(12, '0')}`
}

/** The family's headers, with a request id where the family has it. */
export function responseHeaders(family: Api['family'], id: string): Record<string, string> {
  return family === 'anthropic' ? { ...anthropic, 'request-id': id } : { ...openai, 'x-request-id': id }
}
