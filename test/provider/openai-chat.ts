/** OpenAI's Chat Completions in the simulated provider. */

import { served, servedTier, totals } from './openai-usage.ts'
import { type Api, created, type Reply } from './reply.ts'

export const chatCompletions: Api = {
  family: 'openai',
  json: reply => ({
    ...envelope(reply, 'chat.completion'),
    choices: choices(reply).map(index => ({
      index,
      message: { role: 'assistant', content: reply.pieces.join(''), refusal: null, annotations: [] },
      logprobs: null,
      finish_reason: finishReason(reply),
    })),
    ...(reply.report !== 'none' && { usage: usage(reply) }),
    service_tier: servedTier(reply),
    system_fingerprint: 'fp_simulated',
  }),
  stream: reply => ({
    head: deltas(reply, { role: 'assistant', content: '', refusal: null }),
    reasoned: '',
    pieces: reply.pieces.map(content => deltas(reply, { content })),
    tail: `${deltas(reply, {}, finishReason(reply))}${usageFrame(reply)}data: [DONE]\n\n`,
  }),
  errorFrames: `data: ${JSON.stringify({
    error: {
      message: 'The server had an error while processing your request. Sorry about that!',
      type: 'server_error',
      param: null,
      code: null,
    },
  })}\n\n`,
  served,
}

function finishReason({ generated }: Reply): string {
  return generated?.atCeiling ? 'length' : 'stop'
}

function envelope(reply: Reply, object: string) {
  return { id: `chatcmpl-${reply.id}`, object, created, model: reply.model }
}

function choices({ request }: Reply): number[] {
  return Array.from({ length: typeof request.n === 'number' ? request.n : 1 }, (_, index) => index)
}

/** One frame per choice; every chunk has `usage: null` if the request includes the usage frame. */
function deltas(reply: Reply, delta: object, finish_reason: string | null = null): string {
  return choices(reply)
    .map(index =>
      frame(reply, {
        choices: [{ index, delta, logprobs: null, finish_reason }],
        ...(wantsUsage(reply) && { usage: null }),
      }),
    )
    .join('')
}

function usageFrame(reply: Reply): string {
  return wantsUsage(reply) && reply.report !== 'none'
    ? frame(reply, { choices: [], usage: usage(reply) })
    : ''
}

function frame(reply: Reply, data: object): string {
  const chunk = {
    ...envelope(reply, 'chat.completion.chunk'),
    service_tier: servedTier(reply),
    system_fingerprint: 'fp_simulated',
    ...data,
    obfuscation: 'kR7q2',
  }
  return `data: ${JSON.stringify(chunk)}\n\n`
}

function wantsUsage({ request }: Reply): boolean {
  const options = request.stream_options
  return (
    typeof options === 'object' &&
    options !== null &&
    'include_usage' in options &&
    options.include_usage === true
  )
}

function usage(reply: Reply) {
  const { prompt, cached, written, completion, reasoning, total } = totals(reply)
  return {
    prompt_tokens: prompt,
    completion_tokens: completion,
    total_tokens: total,
    prompt_tokens_details: { cached_tokens: cached, cache_write_tokens: written, audio_tokens: 0 },
    completion_tokens_details: {
      reasoning_tokens: reasoning,
      audio_tokens: 0,
      accepted_prediction_tokens: 0,
      rejected_prediction_tokens: 0,
    },
  }
}
