/** The paths that most upstreams have, by dialect. */

export const openaiPaths = {
  'openai-chat': '/v1/chat/completions',
  'openai-responses': '/v1/responses',
  'openai-embeddings': '/v1/embeddings',
} as const

export const anthropicPaths = {
  'anthropic-messages': '/v1/messages',
  'anthropic-count-tokens': '/v1/messages/count_tokens',
} as const

/** The day on which all rows were last compared with their sources. */
export const checked = '2026-11-29'
