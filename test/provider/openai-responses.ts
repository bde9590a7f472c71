/** OpenAI's Responses in the simulated provider. */

import { served, servedTier, totals } from './openai-usage.ts'
import { type Api, created, type Reply, reasons } from './reply.ts'

export const responses: Api = {
  family: 'openai',
  json: reply => response(reply, endOf(reply)),
  stream: reply => {
    const frame = numbered()
    const text = reply.pieces.join('')
    const output_index = reasons(reply) ? 1 : 0
    const content = { item_id: `msg_${reply.id}`, output_index, content_index: 0 }
    const textStart = () =>
      frame('response.output_item.added', { output_index, item: outputItem(reply, 'in_progress') }) +
      frame('response.content_part.added', { ...content, part: textPart('') })
    return {
      head:
        frame('response.created', { response: response(reply, 'in_progress') }) +
        frame('response.in_progress', { response: response(reply, 'in_progress') }) +
        (reasons(reply)
          ? frame('response.output_item.added', {
              output_index: 0,
              item: reasoningItem(reply, 'in_progress'),
            })
          : textStart()),
      reasoned: reasons(reply)
        ? frame('response.output_item.done', { output_index: 0, item: reasoningItem(reply, 'completed') }) +
          textStart()
        : '',
      pieces: reply.pieces.map(delta =>
        frame('response.output_text.delta', { ...content, delta, logprobs: [], obfuscation: 'kR7q2' }),
      ),
      tail:
        frame('response.output_text.done', { ...content, text, logprobs: [] }) +
        frame('response.content_part.done', { ...content, part: textPart(text) }) +
        frame('response.output_item.done', { output_index, item: outputItem(reply, 'completed') }) +
        frame(`response.${endOf(reply)}`, { response: response(reply, endOf(reply)) }),
    }
  },
  errorFrames: numbered(99)('error', {
    code: 'server_error',
    message: 'The server had an error while processing your request. Sorry about that!',
    param: null,
  }),
  served,
}

/** Makes the frames of one stream, numbered in the order of the calls. */
function numbered(first = 0) {
  let next = first
  return (type: string, data: object) => {
    const sequence_number = next
    next += 1
    return `event: ${type}\ndata: ${JSON.stringify({ type, sequence_number, ...data })}\n\n`
  }
}

type Status = 'in_progress' | 'completed' | 'incomplete'

function endOf({ generated }: Reply): Status {
  return generated?.atCeiling ? 'incomplete' : 'completed'
}

/** The item of a reasoning that the API does not show. */
function reasoningItem(reply: Reply, status: Status) {
  return { id: `rs_${reply.id}`, type: 'reasoning', status, summary: [], encrypted_content: 'c2ltdWxhdGVk' }
}

function response(reply: Reply, status: Status) {
  const done = status !== 'in_progress'
  return {
    id: `resp_${reply.id}`,
    object: 'response',
    created_at: created,
    status,
    background: false,
    error: null,
    incomplete_details: status === 'incomplete' ? { reason: 'max_output_tokens' } : null,
    instructions: null,
    model: reply.model,
    output: done
      ? [...(reasons(reply) ? [reasoningItem(reply, 'completed')] : []), outputItem(reply, status)]
      : [],
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
  const content = status === 'in_progress' ? [] : [textPart(reply.pieces.join(''))]
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
