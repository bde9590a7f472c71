/** The provider's model list. It is no call: it costs nothing, and is not recorded. */

import type { IncomingMessage, ServerResponse } from 'node:http'

export const listedModels = [
  'claude-haiku-4-5-20251001',
  'claude-sonnet-4-5',
  'gpt-6-luna',
  'gpt-6-terra',
] as const

export function isModelList({ method, url }: IncomingMessage): boolean {
  return method === 'GET' && url === '/v1/models'
}

export function serveModelList({ headers }: IncomingMessage, response: ServerResponse): void {
  const hasKey = headers['x-api-key'] !== undefined || headers.authorization !== undefined
  const body = hasKey
    ? { object: 'list', data: listedModels.map(id => ({ id, object: 'model' })) }
    : { type: 'error', error: { type: 'authentication_error', message: 'a key is required' } }
  response.writeHead(hasKey ? 200 : 401, { 'content-type': 'application/json' }).end(JSON.stringify(body))
}
