/** Makers that serve their own models with a compatible API. */

import { checked } from './paths.ts'
import type { UpstreamType } from './type.ts'

export const makerTypes = {
  gemini: {
    title: 'Google Gemini API',
    source: 'https://ai.google.dev/gemini-api/docs/openai',
    checked,
    baseUrl: 'https://generativelanguage.googleapis.com',
    auth: 'bearer',
    makers: ['google'],
    paths: {
      'openai-chat': '/v1beta/openai/chat/completions',
      'openai-embeddings': '/v1beta/openai/embeddings',
    },
    modelsPath: '/v1beta/openai/models',
    quirks: {
      notes: [
        'The total is higher than prompt and completion: the difference is reasoning.',
        'A stream has usage even if the request does not ask for it.',
      ],
    },
  },
  deepseek: {
    title: 'DeepSeek',
    source: 'https://api-docs.deepseek.com/quick_start/your_first_api_call',
    checked,
    baseUrl: 'https://api.deepseek.com',
    auth: 'bearer',
    makers: ['deepseek'],
    paths: { 'openai-chat': '/chat/completions', 'anthropic-messages': '/anthropic/v1/messages' },
    modelsPath: '/models',
    quirks: {
      outputLimit: 'max_tokens',
      onlyOutputLimit: true,
      usage: ['prompt_cache_hit_tokens', 'prompt_cache_miss_tokens'],
    },
  },
  mistral: {
    title: 'Mistral AI',
    source: 'https://docs.mistral.ai/api',
    checked,
    baseUrl: 'https://api.mistral.ai',
    auth: 'bearer',
    makers: ['mistral'],
    paths: { 'openai-chat': '/v1/chat/completions', 'openai-embeddings': '/v1/embeddings' },
    modelsPath: '/v1/models',
    quirks: {
      outputLimit: 'max_tokens',
      onlyOutputLimit: true,
      refusesStreamOptions: true,
      usage: ['num_cached_tokens', 'prompt_token_details.cached_tokens', 'prompt_audio_seconds'],
      notes: [
        'The last chunk with choices has the usage.',
        'Tool calls have no type.',
        'An unknown member of a request gets 422.',
      ],
    },
  },
  xai: {
    title: 'xAI',
    source: 'https://docs.x.ai/docs/api-reference',
    checked,
    baseUrl: 'https://api.x.ai',
    auth: 'bearer',
    makers: ['xai'],
    paths: { 'openai-chat': '/v1/chat/completions', 'openai-responses': '/v1/responses' },
    modelsPath: '/v1/models',
    quirks: {
      outputLimit: 'max_completion_tokens',
      usage: ['num_sources_used', 'cost_in_usd_ticks'],
      notes: [
        'The completion does not include reasoning, as the total shows.',
        'The cost is in ticks: 10,000,000,000 are one US dollar.',
        'max_completion_tokens includes reasoning; max_tokens is deprecated.',
        'A wrong key gets 400.',
      ],
    },
  },
} as const satisfies Record<string, UpstreamType>
