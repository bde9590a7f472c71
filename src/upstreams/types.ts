/**
 * The types of upstreams as data: one row a provider. A row says where its API is, how a request is authorized, which
 * dialects it speaks, and in what it differs from the provider whose format it has.
 */

/** How a request is authorized. */
export type Auth =
  /** As the format's own provider expects it: `x-api-key` or `authorization: Bearer`. */
  | 'format'
  | 'bearer'
  | 'api-key'
  /** A bearer key, or a signature (SigV4) of AWS credentials. */
  | 'aws'
  /** An access token of Google's credentials. */
  | 'google'
  /** A bearer key where one is configured. */
  | 'optional'

export interface UpstreamType {
  /** The provider's name, for people. */
  title: string
  /** The page of the provider that the row was taken from, and the day of the last check. */
  source: string
  checked: string
  /** Without one, the file must give it. `{region}` and `{project}` stand for the upstream's options. */
  baseUrl?: string
  auth: Auth
  /** The makers whose models it serves by their own names. Undefined: any model. */
  makers?: readonly string[]
  /** The path of each dialect that it speaks, by the dialect's name. `{model}` stands for the model. */
  paths: Readonly<Record<string, string>>
  /** Path of its model list. Undefined: it has none. */
  modelsPath?: string
  quirks: Quirks
}

export interface Quirks {
  /** The name of the output limit in chat requests. Undefined: as the dialect chooses it by the model. */
  outputLimit?: 'max_tokens' | 'max_completion_tokens'
  /** True: it refuses `stream_options`, so a stream's usage is not asked for. */
  refusesStreamOptions?: boolean
  /** What is known of its usage and its streams, for the documentation. */
  notes?: readonly string[]
}

const openaiPaths = {
  'openai-chat': '/v1/chat/completions',
  'openai-responses': '/v1/responses',
  'openai-embeddings': '/v1/embeddings',
}
const anthropicPaths = {
  'anthropic-messages': '/v1/messages',
  'anthropic-count-tokens': '/v1/messages/count_tokens',
}

export const upstreamTypes = {
  ezai: {
    title: 'EzAI',
    source: 'https://ezaiapi.com',
    checked: '2026-11-29',
    baseUrl: 'https://ezaiapi.com',
    auth: 'format',
    paths: { ...openaiPaths, ...anthropicPaths },
    modelsPath: '/v1/models',
    quirks: {},
  },
  anthropic: {
    title: 'Anthropic',
    source: 'https://docs.anthropic.com/en/api',
    checked: '2026-11-29',
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
    checked: '2026-11-29',
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
    checked: '2026-11-29',
    auth: 'optional',
    paths: openaiPaths,
    modelsPath: '/v1/models',
    quirks: { outputLimit: 'max_tokens' },
  },
  'anthropic-compatible': {
    title: 'Any server with Anthropic’s API',
    source: 'https://docs.anthropic.com/en/api',
    checked: '2026-11-29',
    auth: 'format',
    paths: anthropicPaths,
    modelsPath: '/v1/models',
    quirks: {},
  },
} as const satisfies Record<string, UpstreamType>

export type TypeName = keyof typeof upstreamTypes

export function typeOf(name: TypeName): UpstreamType {
  return upstreamTypes[name]
}

/** A version at the end of a base URL, such as `/v1` or `/v1beta`. */
const VERSION = /\/v\d+[a-z]*$/

/**
 * Joins the path of a base URL and that of a dialect. A part that both have is not repeated, and a version in the base
 * URL replaces the path's own: `/openai/v1` + `/v1/responses` is `/openai/v1/responses`.
 */
export function joinPaths(base: string, path: string): string {
  const root = base.replace(/\/+$/, '')
  for (let length = Math.min(root.length, path.length); length > 0; length--)
    if (path[length] === '/' && root.endsWith(path.slice(0, length))) return root + path.slice(length)
  return VERSION.test(root) ? root + path.replace(/^\/v\d+[a-z]*(?=\/)/, '') : root + path
}
