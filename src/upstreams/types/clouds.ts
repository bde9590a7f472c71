/** Clouds that serve the models of several makers. */

import { checked } from './paths.ts'
import type { UpstreamType } from './type.ts'

const vertexModels = '/v1/projects/{project}/locations/{region}/publishers/anthropic/models'
/** The version of Anthropic's API on Vertex AI. It stands in the body. */
const vertexVersion = 'vertex-2023-10-16'

export const cloudTypes = {
  'azure-openai': {
    title: 'Azure OpenAI (v1 API)',
    source: 'https://learn.microsoft.com/en-us/azure/foundry/openai/api-version-lifecycle',
    checked,
    auth: 'api-key',
    makers: ['openai', 'azure'],
    paths: {
      'openai-chat': '/openai/v1/chat/completions',
      'openai-responses': '/openai/v1/responses',
      'openai-embeddings': '/openai/v1/embeddings',
    },
    modelsPath: '/openai/v1/models',
    quirks: {
      usage: ['prompt_filter_results'],
      notes: [
        'The model is the name of a deployment.',
        'The first chunk of a stream has no choices.',
        'Grok reports cached tokens that the prompt’s count does not include.',
      ],
    },
  },
  bedrock: {
    title: 'Amazon Bedrock',
    source: 'https://docs.aws.amazon.com/bedrock/latest/userguide/apis.html',
    checked,
    baseUrl: 'https://bedrock-runtime.{region}.amazonaws.com',
    auth: 'aws',
    services: { 'bedrock-runtime': 'bedrock', 'bedrock-mantle': 'bedrock-mantle' },
    makers: [],
    makersByDialect: { 'anthropic-messages': ['anthropic'] },
    paths: {
      'openai-chat': '/openai/v1/chat/completions',
      'openai-responses': '/openai/v1/responses',
      'anthropic-messages': '/anthropic/v1/messages',
    },
    quirks: {
      withoutDone: true,
      notes: [
        'Names of models have a vendor, and may have a region and a version: us.anthropic.x-v1:0.',
        'Claude is served by Anthropic’s API only.',
        'The endpoint https://bedrock-mantle.{region}.api.aws needs an upstream for each of its paths: /v1 and /anthropic.',
      ],
    },
  },
  vertex: {
    title: 'Google Vertex AI',
    source: 'https://cloud.google.com/vertex-ai/generative-ai/docs/partner-models/claude/use-claude',
    checked,
    baseUrl: 'https://{region}-aiplatform.googleapis.com',
    baseUrls: {
      global: 'https://aiplatform.googleapis.com',
      us: 'https://aiplatform.us.rep.googleapis.com',
      eu: 'https://aiplatform.eu.rep.googleapis.com',
    },
    auth: 'google',
    makers: ['anthropic', 'google'],
    makersByDialect: {
      'anthropic-messages': ['anthropic'],
      'anthropic-count-tokens': ['anthropic'],
      'openai-chat': ['google'],
    },
    paths: {
      'anthropic-messages': `${vertexModels}/{model}:rawPredict`,
      'anthropic-count-tokens': `${vertexModels}/count-tokens:rawPredict`,
      'openai-chat': '/v1/projects/{project}/locations/{region}/endpoints/openapi/chat/completions',
    },
    streamPaths: { 'anthropic-messages': `${vertexModels}/{model}:streamRawPredict` },
    names: {
      'anthropic-messages': [[/-(20\d{6})$/, '@$1']],
      'anthropic-count-tokens': [[/-(20\d{6})$/, '@$1']],
      'openai-chat': [[/^(?!.*\/)/, 'google/']],
    },
    edits: {
      'anthropic-messages': { modelInPath: true, versionInBody: vertexVersion },
      'anthropic-count-tokens': { versionInBody: vertexVersion },
    },
    withoutHeaders: ['anthropic-version'],
    withoutQuery: ['beta'],
    quirks: {
      notes: ['Gemini’s total is higher than prompt and completion: the difference is reasoning.'],
    },
  },
} as const satisfies Record<string, UpstreamType>
