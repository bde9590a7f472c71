/** OpenAI's Responses, as the simulated provider speaks them. */

import { served, servedTier, totals } from './openai-usage.ts'
import { type Api, created, type Reply } from './reply.ts'

export const responses: Api = {
  family: 'openai',
  json: reply => response(reply, 'completed'),
  stream: reply => {
    const text = reply.pieces.join('')
    const item = { item_id: `msg_${reply.id}`, output_index: 0 }
    const content = { ...item, content_index: 0 }
    const last = reply.pieces.length + 4
    return {
      head:
        frame('response.created', 0, { response: response(reply, 'in_progress') }) +
        frame('response.in_progress', 1, { response: response(reply, 'in_progress') }) +
        frame('response.output_item.added', 2, { output_index: 0, item: outputItem(reply, 'in_progress') }) +
        frame('response.content_part.added', 3, { ...content, part: textPart('') }),
      pieces: reply.pieces.map((delta, index) =>
        frame('response.output_text.delta', index + 4, {
          ...content,
          delta,
          logprobs: [],
          obfuscation: 'kR7q2',
        }),
      ),
      tail:
        frame('response.output_text.done', last, { ...content, text, logprobs: [] }) +
        frame('response.content_part.done', last + 1, { ...content, part: textPart(text) }) +
        frame('response.output_item.done', last + 2, {
          output_index: 0,
          item: outputItem(reply, 'completed'),
        }) +
        frame('response.completed', last + 3, { response: response(reply, 'completed') }),
    }
  },
  errorFrames: frame('error', 99, {
    code: 'server_error',
    message: 'The server had an error while processing your request. Sorry about that!',
    param: null,
  }),
  served,
}

function frame(type: string, sequence_number: number, data: object): string {
  return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number, ...data })}\n\n`
}

type Status = 'in_progress' | 'completed'

function response(reply: Reply, status: Status) {
  const done = status === 'completed'
  return {
    id: `resp_${reply.id}`,
    object: 'response',
    created_at: created,
    status,
    background: false,
    error: null,
    incomplete_details: null,
    instructions: null,
    model: reply.model,
    output: done ? [outputItem(reply, status)] : [],
    parallel_tool_calls: true,
    service_tier: done ? servedTier(reply) : 'auto',
    store: reply.request.store !== false,
    tool_choice: 'auto',
    tools: [],
    usage: done && reply.report !== 'none' ? usage(reply) : null,
    metadata: {},
  }
}

function outputItem(reply: Reply, status: Status) {
  const content = status === 'completed' ? [textPart(reply.pieces.join(''))] : []
  return { id: `msg_${reply.id}`, type: 'message', status, content, role: 'assistant' }
}

function textPart(text: string) {
  return { type: 'output_text', annotations: [], logprobs: [], text }
}

function usage(reply: Reply) {
  const { prompt, cached, written, completion, reasoning, total } = totals(reply)
  return {
    input_tokens: prompt,
    input_tokens_details: { cached_tokens: cached, cache_write_tokens: written },
    output_tokens: completion,
    output_tokens_details: { reasoning_tokens: reasoning },
    total_tokens: total,
  }
}
