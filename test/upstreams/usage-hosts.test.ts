/** The usage of clouds, hosts and compatible servers, in recorded shapes. All counts are computed by hand. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { measure } from '../dialects/streams.ts'
import { isReadInChat, isReadInMessages } from './shapes.ts'

const plain = (prompt: number, completion: number, more: object = {}) => ({
  prompt_tokens: prompt,
  completion_tokens: completion,
  total_tokens: prompt + completion,
  ...more,
})
const claude = {
  input_tokens: 21,
  cache_creation_input_tokens: 0,
  cache_read_input_tokens: 400,
  output_tokens: 33,
}
const claudeCounts = { input: 21, cacheRead: 400, output: 33 }

describe('ezai', () => {
  isReadInChat({
    title: 'its own cost',
    model: 'claude-haiku-4-5',
    usage: plain(20, 9, { cost: 0.000065 }),
    choices: 'last',
    expected: { input: 20, output: 9 },
    statedNanos: 65_000,
  })
})

describe('azure-openai', () => {
  isReadInChat({
    title: 'results of filters',
    model: 'gpt-4.1-2025-04-14',
    usage: plain(1500, 12, { prompt_tokens_details: { cached_tokens: 1280 } }),
    more: { prompt_filter_results: [{ prompt_index: 0, content_filter_results: {} }] },
    expected: { input: 220, cacheRead: 1280, output: 12 },
  })
  isReadInChat({
    title: 'Grok, whose prompt does not include the cached tokens',
    model: 'grok-4',
    usage: plain(24, 5, { prompt_tokens_details: { cached_tokens: 161 } }),
    expected: { input: 24, cacheRead: 161, output: 5 },
  })
})

describe('bedrock', () => {
  isReadInChat({
    title: 'OpenAI’s API without an end marker',
    model: 'openai.gpt-oss-120b-1:0',
    usage: plain(75, 120),
    more: { service_tier: 'default' },
    done: false,
    expected: { tier: 'default', input: 75, output: 120 },
  })
  isReadInMessages({
    title: 'Anthropic’s API with metrics of the invocation',
    model: 'claude-haiku-4-5-20251001',
    usage: claude,
    more: { 'amazon-bedrock-invocationMetrics': { inputTokenCount: 21, outputTokenCount: 33 } },
    expected: claudeCounts,
  })
})

describe('vertex', () => {
  isReadInMessages({
    title: 'Claude',
    model: 'claude-sonnet-4-5-20250929',
    usage: claude,
    expected: claudeCounts,
  })
  isReadInChat({
    title: 'Gemini, whose total has the reasoning',
    model: 'google/gemini-2.5-flash',
    usage: {
      prompt_tokens: 66,
      completion_tokens: 6,
      total_tokens: 100,
      extra_properties: { google: { traffic_type: 'ON_DEMAND' } },
    },
    choices: 'last',
    expected: { input: 66, output: 34 },
  })
})

describe('openrouter', () => {
  isReadInChat({
    title: 'a cache write, and its own cost',
    model: 'anthropic/claude-4.5-haiku-20251001',
    usage: plain(194, 2, {
      prompt_tokens_details: { cached_tokens: 0, cache_write_tokens: 100, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 0 },
      cost: 0.95,
      is_byok: false,
      cost_details: { upstream_inference_cost: 19 },
    }),
    more: { provider: 'Anthropic' },
    choices: 'last',
    expected: { input: 94, cacheWriteOther: 100, output: 2 },
    statedNanos: 950_000_000,
  })
})

describe('groq', () => {
  const usage = plain(52, 38, {
    queue_time: 0.037,
    prompt_time: 0.002,
    completion_time: 0.08,
    total_time: 0.082,
    prompt_tokens_details: { cached_tokens: 32 },
    completion_tokens_details: { reasoning_tokens: 20 },
  })
  const expected = { tier: 'on_demand', input: 20, cacheRead: 32, output: 38, reasoning: 20 }
  const shape = { model: 'openai/gpt-oss-120b', usage, expected }

  isReadInChat({
    ...shape,
    title: 'the tier on_demand',
    more: { service_tier: 'on_demand', x_groq: { id: 'req_1' } },
  })
  isReadInChat({
    ...shape,
    title: 'usage only at x_groq',
    more: { service_tier: 'on_demand' },
    streamed: { x_groq: { id: 'req_1', usage } },
    choices: 'last',
  })
})

describe('together', () => {
  isReadInChat({
    title: 'cached tokens beside the details',
    model: 'deepseek-ai/DeepSeek-V3',
    usage: plain(100, 30, { cached_tokens: 64 }),
    choices: 'last',
    expected: { input: 36, cacheRead: 64, output: 30 },
  })
})

describe('fireworks', () => {
  isReadInChat({
    title: 'usage that was not asked for',
    model: 'accounts/fireworks/models/kimi-k2p5',
    usage: plain(40, 50, { prompt_tokens_details: { cached_tokens: 16 } }),
    choices: 'last',
    expected: { input: 24, cacheRead: 16, output: 50 },
  })
  isReadInMessages({
    title: 'Messages',
    model: 'accounts/fireworks/models/kimi-k2p5',
    usage: claude,
    expected: claudeCounts,
  })
})

describe('ollama', () => {
  isReadInChat({
    title: 'two counts',
    model: 'qwen3-coder',
    usage: plain(26, 290),
    more: { system_fingerprint: 'fp_ollama' },
    expected: { input: 26, output: 290 },
  })
  isReadInMessages({
    title: 'Messages',
    model: 'qwen3-coder',
    usage: { input_tokens: 26, output_tokens: 290 },
    expected: { input: 26, output: 290 },
  })
})

describe('vllm', () => {
  isReadInChat({
    title: 'details that are null',
    model: 'meta-llama/Llama-3.3-70B-Instruct',
    usage: plain(15, 20, { prompt_tokens_details: null }),
    more: { prompt_logprobs: null, kv_transfer_params: null },
    expected: { input: 15, output: 20 },
  })
  isReadInMessages({
    title: 'Messages',
    model: 'meta-llama/Llama-3.3-70B-Instruct',
    usage: { input_tokens: 15, output_tokens: 20 },
    expected: { input: 15, output: 20 },
  })
})

describe('openai-compatible', () => {
  for (const choices of ['null', 'absent', 'empty'] as const)
    isReadInChat({
      title: `usage.cached_tokens, an empty tier, choices ${choices} and no end marker`,
      model: 'kimi-k2',
      usage: plain(900, 40, { cached_tokens: 768 }),
      more: { service_tier: '' },
      choices,
      done: false,
      expected: { input: 132, cacheRead: 768, output: 40 },
    })
})

describe('anthropic-compatible', () => {
  isReadInMessages({
    title: 'a total above the sum',
    model: 'glm-5',
    usage: { input_tokens: 100, output_tokens: 20, total_tokens: 150 },
    expected: { input: 100, output: 50 },
  })
})

describe('embeddings', () => {
  it('cost their input', () => {
    for (const usage of [
      { prompt_tokens: 15, total_tokens: 15 },
      { prompt_tokens: 15, total_tokens: 15, completion_tokens: 0, prompt_audio_seconds: null },
      { prompt_tokens: 15, total_tokens: 15, cost: 0 },
    ]) {
      const body = { object: 'list', model: 'mistral-embed', data: [{ index: 0, embedding: [0.1] }], usage }
      const measured = measure('/v1/embeddings', JSON.stringify(body), { stream: false })
      assert.deepEqual([measured.usage?.[0]?.input, measured.usage?.[0]?.output], [15, 0])
    }
  })
})

describe('the Responses of xAI', () => {
  it('have the cost in ticks', () => {
    const usage = {
      input_tokens: 125,
      output_tokens: 48,
      total_tokens: 173,
      input_tokens_details: { cached_tokens: 98 },
      output_tokens_details: { reasoning_tokens: 30 },
      cost_in_usd_ticks: 20_000_000,
    }
    const body = { id: 'r', object: 'response', status: 'completed', model: 'grok-4', output: [], usage }
    const { usage: parts, statedNanos } = measure('/v1/responses', JSON.stringify(body), { stream: false })
    const { input, cacheRead, output, reasoning } = parts?.[0] ?? assert.fail()
    assert.deepEqual([input, cacheRead, output, reasoning, statedNanos], [27, 98, 48, 30, 2_000_000])
  })
})
