/** The usage of makers that serve their own models, in recorded shapes. All counts are computed by hand. */

import { describe } from 'node:test'
import { isReadInChat, isReadInMessages } from './shapes.ts'

describe('anthropic', () => {
  isReadInMessages({
    title: 'cache writes of two lifetimes',
    model: 'claude-haiku-4-5-20251001',
    usage: {
      input_tokens: 2000,
      cache_creation_input_tokens: 300,
      cache_read_input_tokens: 5000,
      cache_creation: { ephemeral_5m_input_tokens: 200, ephemeral_1h_input_tokens: 100 },
      output_tokens: 150,
      service_tier: 'standard',
      inference_geo: 'not_available',
    },
    expected: {
      tier: 'standard',
      geo: 'not_available',
      input: 2000,
      cacheRead: 5000,
      cacheWrite5m: 200,
      cacheWrite1h: 100,
      output: 150,
    },
  })
})

describe('openai', () => {
  isReadInChat({
    title: 'cached input, a cache write and reasoning',
    model: 'gpt-6-luna-2026-08-01',
    usage: {
      prompt_tokens: 4020,
      completion_tokens: 510,
      total_tokens: 4530,
      prompt_tokens_details: { cached_tokens: 1024, cache_write_tokens: 2000, audio_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 400, audio_tokens: 0 },
    },
    more: { service_tier: 'default' },
    expected: {
      tier: 'default',
      input: 996,
      cacheRead: 1024,
      cacheWriteOther: 2000,
      output: 510,
      reasoning: 400,
    },
  })
})

describe('gemini', () => {
  isReadInChat({
    title: 'a total above the sum, which is hidden reasoning',
    model: 'gemini-2.5-flash',
    usage: { prompt_tokens: 19_693, completion_tokens: 7, total_tokens: 20_309 },
    choices: 'last',
    expected: { input: 19_693, output: 616 },
  })
})

describe('deepseek', () => {
  isReadInChat({
    title: 'hits and misses of the cache',
    model: 'deepseek-v4-pro',
    usage: {
      prompt_tokens: 1200,
      completion_tokens: 250,
      total_tokens: 1450,
      prompt_tokens_details: { cached_tokens: 1024 },
      completion_tokens_details: { reasoning_tokens: 180 },
      prompt_cache_hit_tokens: 1024,
      prompt_cache_miss_tokens: 176,
    },
    expected: { input: 176, cacheRead: 1024, output: 250, reasoning: 180 },
  })
  isReadInChat({
    title: 'hits of the cache without details',
    model: 'deepseek-v4-pro',
    usage: {
      prompt_tokens: 1200,
      completion_tokens: 250,
      total_tokens: 1450,
      prompt_cache_hit_tokens: 64,
      prompt_cache_miss_tokens: 1136,
    },
    choices: 'last',
    expected: { input: 1136, cacheRead: 64, output: 250 },
  })
  isReadInMessages({
    title: 'Messages',
    model: 'deepseek-v4-pro',
    usage: {
      input_tokens: 176,
      cache_creation_input_tokens: 0,
      cache_read_input_tokens: 1024,
      output_tokens: 250,
      service_tier: 'standard',
    },
    expected: { tier: 'standard', input: 176, cacheRead: 1024, output: 250 },
  })
})

describe('mistral', () => {
  const call = { id: 'aB3dE6gH9', index: 0, function: { name: 'search', arguments: '{"q":"x"}' } }

  isReadInChat({
    title: 'num_cached_tokens, on the last chunk, and a call of a tool without a type',
    model: 'mistral-small-latest',
    usage: { prompt_tokens: 850, total_tokens: 912, completion_tokens: 62, num_cached_tokens: 512 },
    choices: 'last',
    toolCalls: [call],
    expected: { input: 338, cacheRead: 512, output: 62 },
  })
  isReadInChat({
    title: 'prompt_token_details, another spelling',
    model: 'mistral-medium-latest',
    usage: {
      prompt_tokens: 850,
      total_tokens: 912,
      completion_tokens: 62,
      prompt_token_details: { cached_tokens: 512 },
      prompt_audio_seconds: null,
    },
    choices: 'last',
    expected: { input: 338, cacheRead: 512, output: 62 },
  })
})

describe('xai', () => {
  isReadInChat({
    title: 'reasoning beside the completion, and the cost in ticks',
    model: 'grok-4',
    usage: {
      prompt_tokens: 12,
      completion_tokens: 2,
      total_tokens: 354,
      prompt_tokens_details: { text_tokens: 12, audio_tokens: 0, image_tokens: 0, cached_tokens: 0 },
      completion_tokens_details: { reasoning_tokens: 340, audio_tokens: 0 },
      num_sources_used: 0,
      cost_in_usd_ticks: 37_756_000,
    },
    expected: { input: 12, output: 342, reasoning: 340 },
    // 0.0037756 US dollars.
    statedNanos: 3_775_600,
  })
  isReadInChat({
    title: 'reasoning beside the completion, with cached input',
    model: 'grok-4',
    usage: {
      prompt_tokens: 125,
      completion_tokens: 48,
      total_tokens: 273,
      prompt_tokens_details: { text_tokens: 125, cached_tokens: 98 },
      completion_tokens_details: { reasoning_tokens: 100 },
    },
    expected: { input: 27, cacheRead: 98, output: 148, reasoning: 100 },
  })
  isReadInChat({
    title: 'sources of a search, each of which has a fee',
    model: 'grok-3',
    usage: { prompt_tokens: 80, completion_tokens: 20, total_tokens: 100, num_sources_used: 5 },
    expected: { input: 80, output: 20, tools: { live_search: 5 } },
  })
})
