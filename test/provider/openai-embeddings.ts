/** OpenAI's embeddings in the simulated provider. */

import { type Api, usagePart } from './reply.ts'

export const embeddings: Api = {
  family: 'openai',
  json: reply => {
    const { dimensions, encoding_format } = reply.request
    const vector = Float32Array.from({ length: Number(dimensions ?? 8) }, (_, index) => 1 / (index + 2))
    const embedding =
      encoding_format === 'base64' ? Buffer.from(vector.buffer).toString('base64') : Array.from(vector)
    return {
      object: 'list',
      data: inputs(reply.request.input).map((_, index) => ({ object: 'embedding', index, embedding })),
      model: reply.model,
      ...(reply.report !== 'none' && {
        usage: { prompt_tokens: reply.counts.input, total_tokens: reply.counts.input },
      }),
    }
  },
  served: reply => [
    usagePart(reply, { output: 0, reasoning: 0, cacheRead: 0, cacheWrite5m: 0, cacheWrite1h: 0, tools: {} }),
  ],
}

/** A text, or a list of tokens, is one input; a list of either is several. */
function inputs(input: unknown): unknown[] {
  return Array.isArray(input) && typeof input[0] !== 'number' ? input : [input]
}
