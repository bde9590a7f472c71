/** Hosts and aggregators of many makers’ models, and self-hosted servers. */

import { anthropicPaths, checked, openaiPaths } from './paths.ts'
import type { UpstreamType } from './type.ts'

export const hostTypes = {
  openrouter: {
    title: 'OpenRouter',
    source: 'https://openrouter.ai/docs/api-reference/overview',
    checked,
    baseUrl: 'https://openrouter.ai',
    auth: 'bearer',
    makers: [],
    paths: {
      'openai-chat': '/api/v1/chat/completions',
      'openai-responses': '/api/v1/responses',
      'openai-embeddings': '/api/v1/embeddings',
      'anthropic-messages': '/api/v1/messages',
    },
    modelsPath: '/api/v1/models',
    quirks: {
      usage: ['cost', 'cost_details', 'prompt_tokens_details.cache_write_tokens'],
      notes: [
        'Usage always comes; stream_options has no effect.',
        'An error chunk may have the usage.',
        'Comments keep a stream alive.',
      ],
    },
  },
  groq: {
    title: 'Groq',
    source: 'https://console.groq.com/docs/openai',
    checked,
    baseUrl: 'https://api.groq.com',
    auth: 'bearer',
    makers: [],
    paths: { 'openai-chat': '/openai/v1/chat/completions', 'openai-responses': '/openai/v1/responses' },
    modelsPath: '/openai/v1/models',
    quirks: {
      outputLimit: 'max_completion_tokens',
      usage: ['x_groq.usage', 'queue_time', 'prompt_time', 'completion_time', 'total_time'],
      notes: ['The usual service tier is on_demand.', 'max_tokens is deprecated, but accepted.'],
    },
  },
  together: {
    title: 'Together AI',
    source: 'https://docs.together.ai/docs/openai-api-compatibility',
    checked,
    baseUrl: 'https://api.together.ai',
    auth: 'bearer',
    makers: [],
    paths: { 'openai-chat': '/v1/chat/completions', 'openai-embeddings': '/v1/embeddings' },
    modelsPath: '/v1/models',
    quirks: { outputLimit: 'max_tokens', onlyOutputLimit: true, usage: ['cached_tokens'] },
  },
  fireworks: {
    title: 'Fireworks AI',
    source: 'https://docs.fireworks.ai/tools-sdks/openai-compatibility',
    checked,
    baseUrl: 'https://api.fireworks.ai',
    auth: 'bearer',
    makers: [],
    paths: {
      'openai-chat': '/inference/v1/chat/completions',
      'openai-responses': '/inference/v1/responses',
      'openai-embeddings': '/inference/v1/embeddings',
      'anthropic-messages': '/inference/v1/messages',
    },
    modelsPath: '/inference/v1/models',
    quirks: {
      outputLimit: 'max_tokens',
      notes: ['The last chunk of a stream has the usage even if the request does not ask for it.'],
    },
  },
  ollama: {
    title: 'Ollama',
    source: 'https://docs.ollama.com/api/openai-compatibility',
    checked,
    baseUrl: 'http://localhost:11434',
    auth: 'optional',
    paths: { ...openaiPaths, 'anthropic-messages': '/v1/messages' },
    modelsPath: '/v1/models',
    quirks: {
      outputLimit: 'max_tokens',
      onlyOutputLimit: true,
      notes: ['It ignores max_completion_tokens.', 'Responses have no state.'],
    },
  },
  vllm: {
    title: 'vLLM',
    source: 'https://docs.vllm.ai/en/latest/serving/openai_compatible_server.html',
    checked,
    auth: 'optional',
    paths: { ...openaiPaths, ...anthropicPaths },
    modelsPath: '/v1/models',
    quirks: {
      outputLimit: 'max_tokens',
      notes: ['Cached tokens are reported with --enable-prompt-tokens-details only.'],
    },
  },
} as const satisfies Record<string, UpstreamType>
