/** OpenAI's embeddings: POST /v1/embeddings. */

import type { Dialect } from './dialect.ts'
import { failureOf } from './failure.ts'
import { isObject, textIn } from './json.ts'
import { jsonMeter } from './json-meter.ts'
import { openaiChat } from './openai-chat.ts'
import { askEmbeddings } from './openai-embeddings-ask.ts'
import { type Asked, emptyPart, needed, sound } from './usage.ts'

const { hideUsageFrame: _, ...common } = openaiChat

export const openaiEmbeddings: Dialect = {
  ...common,
  name: 'openai-embeddings',
  path: '/v1/embeddings',
  answerMembers: ['data', 'usage'],
  ask: askEmbeddings,
  rewrite: raw => raw,
  meter,
}

function meter(asked: Asked) {
  return jsonMeter({ model: true, usage: true, error: true }, ({ model, usage, error }) => ({
    usage: isObject(usage)
      ? sound([{ ...emptyPart(textIn(model) || asked.model), input: needed(usage, 'prompt_tokens') }])
      : undefined,
    failed: failureOf(error),
  }))
}
