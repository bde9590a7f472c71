/** OpenAI's embeddings: POST /v1/embeddings. */

import type { Dialect } from '../dialect.ts'
import { failureOf } from '../wire/failure.ts'
import { isObject, type JsonObject, textIn } from '../wire/json.ts'
import { edited } from '../wire/json-edit.ts'
import { jsonMeter } from '../wire/json-meter.ts'
import { hasObjects, isWithoutError } from '../wire/success.ts'
import { emptyPart, type Requested, requiredCount, statedNanos, validParts } from '../wire/usage.ts'
import { openaiChat } from './chat.ts'
import { parseEmbeddings } from './embeddings-request.ts'

const { hideUsageFrame: _, ...common } = openaiChat

export const openaiEmbeddings: Dialect = {
  ...common,
  name: 'openai-embeddings',
  path: '/v1/embeddings',
  promptMembers: ['input'],
  operation: 'embeddings',
  isSuccess: response => isWithoutError(response) && hasObjects(response.data),
  parse: parseEmbeddings,
  rewrite: (raw, { model }) =>
    edited(raw, body => {
      if (model !== undefined) body.set('model', JSON.stringify(model))
    }),
  meter,
}

function meter(requested: Requested) {
  return jsonMeter({ model: true, usage: true, error: true }, ({ model, usage, error }) => {
    const failed = failureOf(error)
    if (!isObject(usage)) return { failed, refused: failed !== undefined }
    const parts = validParts([{ ...emptyPart(textIn(model) || requested.model), input: inputOf(usage) }])
    return { usage: parts, statedNanos: statedNanos(usage), failed }
  })
}

/** Some compatible servers use another name, or report only the total, which is all input. */
function inputOf(usage: JsonObject): number {
  const total = requiredCount(usage, 'total_tokens', 0)
  const input = requiredCount(
    usage,
    'prompt_tokens',
    requiredCount(usage, 'input_tokens', total || Number.NaN),
  )
  return Math.max(input, total)
}
