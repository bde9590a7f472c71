/** The providers of the two formats, EzAI with both, and servers that are compatible with one of them. */

import { anthropicPaths, checked, openaiPaths } from './paths.ts'
import type { UpstreamType } from './type.ts'

export const formatTypes = {
  ezai: {
    title: 'EzAI',
    source: 'https://ezaiapi.com',
    checked,
    baseUrl: 'https://ezaiapi.com',
    auth: 'format',
    paths: { ...openaiPaths, ...anthropicPaths },
    modelsPath: '/v1/models',
    quirks: {},
  },
  anthropic: {
    title: 'Anthropic',
    source: 'https://docs.anthropic.com/en/api',
    checked,
    baseUrl: 'https://api.anthropic.com',
    auth: 'format',
    makers: ['anthropic'],
    paths: anthropicPaths,
    modelsPath: '/v1/models',
    quirks: {},
  },
  openai: {
    title: 'OpenAI',
    source: 'https://platform.openai.com/docs/api-reference',
    checked,
    baseUrl: 'https://api.openai.com',
    auth: 'format',
    makers: ['openai'],
    paths: openaiPaths,
    modelsPath: '/v1/models',
    quirks: {},
  },
  'openai-compatible': {
    title: 'Any server with OpenAI’s API',
    source: 'https://platform.openai.com/docs/api-reference',
    checked,
    auth: 'optional',
    paths: openaiPaths,
    modelsPath: '/v1/models',
    quirks: {
      withoutDone: true,
      notes: ['Cached tokens, reasoning and the cost may be in other members. The meter knows their names.'],
    },
  },
  'anthropic-compatible': {
    title: 'Any server with Anthropic’s API',
    source: 'https://docs.anthropic.com/en/api',
    checked,
    auth: 'format',
    paths: anthropicPaths,
    modelsPath: '/v1/models',
    quirks: {},
  },
} as const satisfies Record<string, UpstreamType>
