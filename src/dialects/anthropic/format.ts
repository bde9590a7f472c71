/** The common properties of Anthropic's APIs. */

import type { Format, ListedModel } from '../dialect.ts'

export const anthropic: Format = {
  name: 'anthropic',
  overloadedStatus: 529,
  responses: {
    output: ['content'],
    counts: ['input_tokens'],
    outputEvents: ['message_', 'content_block_', 'ping"'],
    responseEvents: ['message', 'content_block'],
  },
  noAccess: model => `model: ${model}`,
  isUsedBy: ({ url, headers }) =>
    'anthropic-version' in headers || /^(\/v1){0,2}\/(messages|complete)\b/.test(url),
  authorize(key, headers): Record<string, string> {
    return takesBearer(headers['anthropic-version'])
      ? { authorization: `Bearer ${key}` }
      : { 'x-api-key': key }
  },
  modelEntry,
  modelList: models => ({
    data: models.map(modelEntry),
    has_more: false,
    first_id: models[0]?.id ?? null,
    last_id: models.at(-1)?.id ?? null,
  }),
}

/** The first version of the API that accepts keys as bearer tokens. */
const FIRST_BEARER = '2026-10-21'

/** The header may be a list. An invalid version goes to the provider, which refuses it. */
function takesBearer(versions: string | string[] = ''): boolean {
  const listed = String(versions).split(',')
  return listed.every(one => /^\d{4}-\d\d-\d\d$/.test(one.trim()) && one.trim() >= FIRST_BEARER)
}

function modelEntry({ id, maxInput, maxOutput, displayName, released }: ListedModel): object {
  return {
    type: 'model',
    id,
    display_name: displayName,
    created_at: `${released.toISOString().slice(0, 19)}Z`,
    max_input_tokens: maxInput,
    max_tokens: maxOutput,
  }
}
