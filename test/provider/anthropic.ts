/** Anthropic's Messages API and its token counter in the simulated provider. */

import { type Api, type Reply, reasons, usagePart } from './reply.ts'

const advisor = 'claude-opus-4-5'
/** The block of a reasoning that the API does not show. */
const thought = { type: 'thinking', thinking: '', signature: 'c2ltdWxhdGVk' }

export const messages: Api = {
  family: 'anthropic',
  json: reply => ({
    ...message(reply),
    content: [...(reasons(reply) ? [thought] : []), { type: 'text', text: reply.pieces.join('') }],
    stop_reason: stopReason(reply),
    ...(reply.report !== 'none' && { usage: { ...startUsage(reply), ...finalUsage(reply) } }),
  }),
  stream: reply => {
    const index = reasons(reply) ? 1 : 0
    const textStart = frame('content_block_start', { index, content_block: { type: 'text', text: '' } })
    const reasoningStart = frame('content_block_start', {
      index: 0,
      content_block: { ...thought, signature: '' },
    })
    const { signature } = thought
    return {
      head:
        frame('message_start', {
          message: { ...message(reply), ...(reply.report !== 'none' && { usage: firstUsage(reply) }) },
        }) +
        (reasons(reply) ? reasoningStart : textStart) +
        frame('ping', {}),
      reasoned: reasons(reply)
        ? frame('content_block_delta', { index: 0, delta: { type: 'signature_delta', signature } }) +
          frame('content_block_stop', { index: 0 }) +
          textStart
        : '',
      pieces: reply.pieces.map((text, nth) =>
        frame('content_block_delta', { index, delta: { type: 'text_delta', text } }, (nth * 7) % 11),
      ),
      tail:
        frame('content_block_stop', { index }) +
        frame('message_delta', {
          delta: { stop_reason: stopReason(reply), stop_sequence: null },
          ...(reply.report !== 'none' && { usage: finalUsage(reply) }),
        }) +
        frame('message_stop', {}),
    }
  },
  errorFrames: frame('error', { error: { type: 'overloaded_error', message: 'Overloaded' } }),
  served: reply => {
    const whole = { tier: reply.tier ?? 'standard', speed: speed(reply), geo: geo(reply) }
    if (reply.report !== 'iterations') return [usagePart(reply, whole)]
    return iterations(reply).map(({ model, input_tokens, output_tokens, ...caches }) =>
      usagePart(reply, {
        ...whole,
        model: model ?? reply.model,
        input: input_tokens,
        output: output_tokens,
        cacheRead: caches.cache_read_input_tokens,
        cacheWrite5m: caches.cache_creation.ephemeral_5m_input_tokens,
        cacheWrite1h: caches.cache_creation.ephemeral_1h_input_tokens,
        ...(caches.type !== 'message' && { reasoning: 0, tools: {} }),
      }),
    )
  },
}

export const countTokens: Api = {
  family: 'anthropic',
  json: reply => ({ input_tokens: reply.counts.input }),
  served: () => [],
}

function stopReason({ generated }: Reply): string {
  return generated?.atCeiling ? 'max_tokens' : 'end_turn'
}

function message(reply: Reply) {
  return {
    model: reply.model,
    id: `msg_${reply.id}`,
    type: 'message',
    role: 'assistant',
    content: [],
    stop_reason: null,
    stop_sequence: null,
  }
}

/** Spaces before the closing brace hide the length of the text, as Anthropic's do. */
function frame(type: string, data: object, padding = 0): string {
  const json = JSON.stringify({ type, ...data })
  return `event: ${type}\ndata: ${json.slice(0, -1)}${' '.repeat(padding)}}\n\n`
}

function startUsage(reply: Reply) {
  return {
    ...promptUsage(reply),
    output_tokens: 1,
    service_tier: reply.tier ?? 'standard',
    inference_geo: geo(reply),
    ...(speed(reply) && { speed: speed(reply) }),
  }
}

/** The usage in message_start: only a part of a corrected usage. */
function firstUsage(reply: Reply) {
  const start = startUsage(reply)
  return reply.report === 'corrected' ? { ...start, input_tokens: Math.ceil(reply.counts.input / 10) } : start
}

function promptUsage({ counts }: Reply) {
  return {
    input_tokens: counts.input,
    cache_creation_input_tokens: counts.cacheWrite5m + counts.cacheWrite1h,
    cache_read_input_tokens: counts.cacheRead,
    cache_creation: {
      ephemeral_5m_input_tokens: counts.cacheWrite5m,
      ephemeral_1h_input_tokens: counts.cacheWrite1h,
    },
  }
}

/** Cumulative, and without the two ages of cache writes: those are only in message_start. */
function finalUsage(reply: Reply) {
  const { cache_creation: _, ...prompt } = promptUsage(reply)
  const { output, reasoning, searches } = reply.counts
  return {
    ...prompt,
    output_tokens: output,
    ...(reasoning > 0 && { output_tokens_details: { thinking_tokens: reasoning } }),
    ...(searches > 0 && { server_tool_use: { web_search_requests: searches, web_fetch_requests: 0 } }),
    ...(reply.report === 'iterations' && { iterations: iterations(reply) }),
  }
}

/** A compaction and an advisor used tokens too: the top level contains neither. */
function iterations(reply: Reply) {
  const other = { ...promptUsage(reply), cache_creation_input_tokens: 0, cache_read_input_tokens: 0 }
  other.cache_creation = { ephemeral_5m_input_tokens: 0, ephemeral_1h_input_tokens: 0 }
  return [
    { ...other, type: 'compaction', model: undefined, input_tokens: 500, output_tokens: 40 },
    { ...other, type: 'advisor_message', model: advisor, input_tokens: 300, output_tokens: 30 },
    { ...promptUsage(reply), type: 'message', model: undefined, output_tokens: reply.counts.output },
  ]
}

function speed(reply: Reply): string | undefined {
  return typeof reply.request.speed === 'string' ? reply.request.speed : undefined
}

function geo(reply: Reply): string {
  return typeof reply.request.inference_geo === 'string' ? reply.request.inference_geo : 'global'
}
