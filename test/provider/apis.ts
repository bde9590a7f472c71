/** The API of each path, and the requests that the real APIs refuse at once. */

import type { IncomingHttpHeaders } from 'node:http'
import { countTokens, messages } from './anthropic.ts'
import { chatCompletions } from './openai-chat.ts'
import { embeddings } from './openai-embeddings.ts'
import { responses } from './openai-responses.ts'
import type { Api } from './reply.ts'
import type { Failure } from './scenario.ts'

interface Endpoint {
  api: Api
  required: readonly string[]
}

const endpoints: Record<string, Endpoint> = {
  '/v1/messages': { api: messages, required: ['model', 'max_tokens', 'messages'] },
  '/v1/messages/count_tokens': { api: countTokens, required: ['model', 'messages'] },
  '/v1/chat/completions': { api: chatCompletions, required: ['model', 'messages'] },
  '/v1/responses': { api: responses, required: ['model'] },
  '/v1/embeddings': { api: embeddings, required: ['model', 'input'] },
}

export function endpointOf(path: string): Endpoint | undefined {
  return endpoints[path.split('?', 1)[0] ?? '']
}

export function parse(body: Buffer): Record<string, unknown> | undefined {
  try {
    const value: unknown = JSON.parse(body.toString())
    return isObject(value) ? value : undefined
  } catch {
    return undefined
  }
}

/** The 400 that the real API would give, if any. */
export function faultOf(
  { api, required }: Endpoint,
  headers: IncomingHttpHeaders,
  request: Record<string, unknown> | undefined,
): Failure | undefined {
  if (!request) return invalid(api, 'The request body is not valid JSON')
  if (api.family === 'anthropic' && !headers['anthropic-version']) {
    return invalid(api, 'anthropic-version: header is required')
  }
  const missing = required.find(field => request[field] === undefined)
  return missing === undefined ? undefined : invalid(api, `${missing}: Field required`)
}

function invalid(api: Api, message: string): Failure {
  const error = { type: 'invalid_request_error', message }
  const body =
    api.family === 'anthropic' ? { type: 'error', error } : { error: { ...error, param: null, code: null } }
  return { status: 400, body: JSON.stringify(body) }
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
