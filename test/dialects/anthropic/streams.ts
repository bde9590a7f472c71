/** Streams of Anthropic's Messages API with the usage of real ones, and the expected usage. */

import type { UsagePart } from '../../../src/dialects/dialect.ts'
import { event, part } from '../streams.ts'

export interface Recorded {
  title: string
  bytes: string
  usage: UsagePart[]
}

const model = 'claude-haiku-4-5-20251001'

export function start(usage: object, more: object = {}): string {
  const message = { id: 'msg_1', type: 'message', role: 'assistant', content: [], stop_reason: null, ...more }
  return event('message_start', { message: { model, ...message, usage } })
}

export function text(...pieces: string[]): string {
  return (
    event('content_block_start', { index: 0, content_block: { type: 'text', text: '' } }) +
    event('ping') +
    pieces.map((piece, i) => textDelta(piece, i % 7)).join('') +
    event('content_block_stop', { index: 0 })
  )
}

export function textDelta(text: string, padding = 0): string {
  return event('content_block_delta', { index: 0, delta: { type: 'text_delta', text } }, padding)
}

export function finish(usage: object, stop_reason = 'end_turn'): string {
  return (
    event('message_delta', { delta: { stop_reason, stop_sequence: null }, usage }) + event('message_stop')
  )
}

const standard = { service_tier: 'standard', inference_geo: 'not_available' }
const served = { model, tier: 'standard', geo: 'not_available' }
const noCache = { cache_creation_input_tokens: 0, cache_read_input_tokens: 0 }

export const streams: Recorded[] = [
  {
    title: 'input that is corrected at the end',
    bytes:
      start({ input_tokens: 43, ...noCache, output_tokens: 1, ...standard }) +
      text('Hello', ' “wörld”', '\n\n') +
      finish({ input_tokens: 61, output_tokens: 2 }),
    usage: [part({ ...served, input: 61, output: 2 })],
  },
  {
    title: 'nulls at the end, which keep the values of the start',
    bytes:
      start({
        input_tokens: 43,
        cache_read_input_tokens: 7,
        cache_creation_input_tokens: 0,
        output_tokens: 1,
      }) +
      text('Hi') +
      finish({
        input_tokens: null,
        cache_read_input_tokens: null,
        cache_creation_input_tokens: null,
        server_tool_use: null,
        iterations: null,
        output_tokens: 12,
      }),
    usage: [part({ model, input: 43, cacheRead: 7, output: 12 })],
  },
  {
    title: 'cache writes of two ages, which only the start reports',
    bytes:
      start({
        input_tokens: 2000,
        cache_read_input_tokens: 50_000,
        cache_creation_input_tokens: 14_000,
        cache_creation: { ephemeral_5m_input_tokens: 10_000, ephemeral_1h_input_tokens: 4000 },
        output_tokens: 1,
        ...standard,
      }) +
      text('Hi') +
      finish({
        input_tokens: 2000,
        cache_read_input_tokens: 50_000,
        cache_creation_input_tokens: 14_000,
        output_tokens: 1500,
        server_tool_use: { web_search_requests: 2, web_fetch_requests: 0 },
      }),
    usage: [
      part({
        ...served,
        input: 2000,
        cacheRead: 50_000,
        cacheWrite5m: 10_000,
        cacheWrite1h: 4000,
        output: 1500,
        tools: { web_search: 2 },
      }),
    ],
  },
  {
    title: 'searches that read their context again and again',
    bytes:
      start({ input_tokens: 2479, ...noCache, output_tokens: 6, ...standard }) +
      event('content_block_start', {
        index: 1,
        content_block: {
          type: 'web_search_tool_result',
          tool_use_id: 'x',
          content: [{ encrypted_content: 'Ab==' }],
        },
      }) +
      event('content_block_stop', { index: 1 }) +
      event('a_new_kind_of_event', { whatever: true }) +
      finish(
        {
          input_tokens: 404_500,
          ...noCache,
          output_tokens: 943,
          output_tokens_details: { thinking_tokens: 261 },
          server_tool_use: { web_search_requests: 10, web_fetch_requests: 0 },
        },
        'pause_turn',
      ),
    usage: [part({ ...served, input: 404_500, output: 943, reasoning: 261, tools: { web_search: 10 } })],
  },
  {
    title: 'a compaction that the top level leaves out, and zeros that stand for what was read before',
    bytes:
      start({
        input_tokens: 100,
        cache_read_input_tokens: 55_096,
        cache_creation_input_tokens: 0,
        output_tokens: 7,
      }) +
      text('Hi') +
      finish({
        input_tokens: 181,
        cache_read_input_tokens: 0,
        cache_creation_input_tokens: 0,
        output_tokens: 8,
        iterations: [
          { type: 'compaction', input_tokens: 100, cache_read_input_tokens: 55_096, output_tokens: 83 },
          { type: 'message', model: null, input_tokens: 181, output_tokens: 8 },
        ],
      }),
    usage: [
      part({ model, input: 100, cacheRead: 55_096, output: 83 }),
      part({ model, input: 181, output: 8 }),
    ],
  },
  {
    title: 'an advisor of another model',
    bytes:
      start({ input_tokens: 1128, ...noCache, output_tokens: 2, ...standard }) +
      text('Hi') +
      finish({
        input_tokens: 2411,
        output_tokens: 145,
        server_tool_use: { web_search_requests: 1, web_fetch_requests: 3 },
        iterations: [
          { type: 'message', input_tokens: 1128, output_tokens: 135 },
          { type: 'advisor_message', model: 'claude-opus-5-5', input_tokens: 900, output_tokens: 300 },
          {
            type: 'message',
            input_tokens: 1283,
            output_tokens: 10,
            cache_creation_input_tokens: 30,
            cache_creation: { ephemeral_5m_input_tokens: 10, ephemeral_1h_input_tokens: 20 },
          },
        ],
      }),
    usage: [
      part({ ...served, input: 1128, output: 135 }),
      part({ ...served, model: 'claude-opus-5-5', input: 900, output: 300 }),
      part({
        ...served,
        input: 1283,
        output: 10,
        cacheWrite5m: 10,
        cacheWrite1h: 20,
        tools: { web_search: 1, web_fetch: 3 },
      }),
    ],
  },
  {
    title: 'a model that refused, and the one that answered in its place',
    bytes:
      start({ input_tokens: 408, ...noCache, output_tokens: 1 }, { model: 'claude-fable-5' }) +
      text('Hi') +
      finish({
        input_tokens: 412,
        output_tokens: 264,
        iterations: [
          { type: 'message', model: 'claude-fable-5', input_tokens: 408, output_tokens: 0 },
          { type: 'fallback_message', model: 'claude-opus-4-8', input_tokens: 412, output_tokens: 264 },
        ],
      }),
    usage: [
      part({ model: 'claude-fable-5', input: 408 }),
      part({ model: 'claude-opus-4-8', input: 412, output: 264 }),
    ],
  },
  {
    title: 'several deltas, each of which replaces the one before',
    bytes:
      start({ input_tokens: 10, output_tokens: 1, ...standard, speed: 'fast', inference_geo: 'us' }) +
      event('message_delta', {
        delta: { stop_reason: null },
        usage: { input_tokens: 20, output_tokens: 100 },
      }) +
      text('Hi') +
      finish({ input_tokens: 30, output_tokens: 200 }),
    usage: [part({ model, tier: 'standard', speed: 'fast', geo: 'us', input: 30, output: 200 })],
  },
]
