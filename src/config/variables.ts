/** Every environment variable: its type, default, meaning and expected value. A test compares docs/configuration.md and `.env.example` with it. */

import { type TSchema, Type } from 'typebox'
import { Value } from 'typebox/value'
import { otlpVariables } from './otlp-variables.ts'
import { keyVariable, upstreams, urlVariable } from './upstreams.ts'

const httpUrl = '^https?://[^\\s]+$'
const baseUrlPattern = '^https?://(?!\\S*/v1/?$)[^\\s]+$'
/** Scheme, host and optional port. */
const origin = '[a-zA-Z][a-zA-Z0-9+.-]*://(\\[[0-9a-fA-F:.]+\\]|[^\\s,/:*?#@\\[\\]]+)(:[0-9]{1,5})?'
const originsPattern = `^\\s*(\\*|${origin}(\\s*,\\s*${origin})*)\\s*$`
/** Timers count milliseconds in 31 bits. */
const LONGEST_SECONDS = 2_000_000
const seconds = (fallback: number, description: string) =>
  Type.Number({
    minimum: 0,
    maximum: LONGEST_SECONDS,
    default: fallback,
    description,
    expected: `a number of seconds from 0 to ${LONGEST_SECONDS}`,
  })
const bytes = (fallback: number, description: string) =>
  Type.Integer({ minimum: 1, default: fallback, description, expected: 'a whole number of bytes, 1 or more' })
const secret = (description: string) =>
  Type.Optional(
    Type.String({ pattern: '^\\S+$', secret: true, description, expected: 'a secret without spaces' }),
  )
const baseUrl = (fallback: string, description: string) =>
  Type.String({
    pattern: baseUrlPattern,
    default: fallback,
    description,
    expected: 'an http:// or https:// URL without the /v1 at its end',
  })

/** Its two variables for each upstream. */
const upstreamVariables: Record<string, TSchema> = Object.fromEntries(
  upstreams.flatMap(upstream => [
    [keyVariable(upstream), secret(upstream.keyDescription)],
    [urlVariable(upstream), baseUrl(upstream.baseUrl, upstream.urlDescription)],
  ]),
)

export const variables = {
  HOST: Type.String({
    minLength: 1,
    default: '127.0.0.1',
    description: 'Address to listen on; the image sets 0.0.0.0',
    expected: 'a host name or address',
  }),
  PORT: Type.Integer({
    minimum: 0,
    maximum: 65_535,
    default: 4000,
    description: 'Port to listen on',
    expected: 'a port from 0 to 65535',
  }),
  WORKERS: Type.String({
    pattern: '^(auto|[1-9]\\d{0,2})$',
    default: '1',
    description:
      'Processes that serve the port; auto: one for each core. For machines without an orchestrator',
    expected: 'a whole number of processes from 1 to 999, or auto',
  }),
  ...upstreamVariables,
  REDIS_URL: Type.Optional(
    Type.String({
      pattern: '^(redis|rediss|unix|redis-sentinel)://\\S+$',
      secret: true,
      description: 'Redis; several nodes separated by commas are a cluster. Unset: an embedded one',
      expected: 'a redis://, rediss://, unix:// or redis-sentinel:// URL',
    }),
  ),
  REDIS_CA_FILE: Type.Optional(
    Type.String({
      minLength: 1,
      description: "The private authority (PEM) behind a rediss:// server's certificate",
      expected: 'the path of a readable file',
    }),
  ),
  DATABASE_URL: Type.Optional(
    Type.String({
      pattern: '^postgres(ql)?://\\S+$',
      secret: true,
      description: 'Postgres. Unset: an embedded one',
      expected: 'a postgres:// or postgresql:// URL',
    }),
  ),
  DATABASE_CA_FILE: Type.Optional(
    Type.String({
      minLength: 1,
      description: "The private authority (PEM) behind Postgres's certificate; turns TLS on",
      expected: 'the path of a readable file',
    }),
  ),
  DATA_DIR: Type.String({
    minLength: 1,
    default: '.tollgate',
    description: 'Where embedded Redis and Postgres keep their files; held by one gateway at a time',
    expected: 'a folder',
  }),
  ADMIN_TOKEN: Type.Optional(
    Type.String({
      pattern: '^\\S{16,}$',
      secret: true,
      description: 'Opens /admin and /dashboard; 16 characters or more. Unset: both answer 404',
      expected: 'a secret of 16 characters or more without spaces, as `openssl rand -hex 24` makes one',
    }),
  ),
  LOG_LEVEL: Type.Enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'], {
    default: 'info',
    description: 'The lowest level that is logged',
    expected: 'fatal, error, warn, info, debug, trace or silent',
  }),
  CACHE_TTL_SECONDS: seconds(3600, 'How long a response is cached for the same request'),
  CACHE_MAX_BYTES: bytes(1_048_576, 'The largest response that is cached'),
  CACHE_TOTAL_BYTES: bytes(
    268_435_456,
    'All cached responses together, so that they cannot fill the memory of Redis',
  ),
  BODY_LIMIT_BYTES: bytes(33_554_432, 'Larger requests get 413'),
  REQUEST_TIMEOUT_SECONDS: Type.Number({
    exclusiveMinimum: 0,
    maximum: LONGEST_SECONDS,
    default: 300,
    description: 'How long a caller may take to send its request',
    expected: `a number of seconds above 0, at most ${LONGEST_SECONDS}`,
  }),
  ANSWER_BUFFER_BYTES: bytes(
    1_048_576,
    'JSON responses up to this size are collected before they are sent; larger ones pass through',
  ),
  UPSTREAM_TIMEOUT_SECONDS: Type.Number({
    exclusiveMinimum: 0,
    maximum: LONGEST_SECONDS,
    default: 600,
    description: "To the upstream's headers, and between two chunks of a stream",
    expected: `a number of seconds above 0, at most ${LONGEST_SECONDS}`,
  }),
  DEFAULT_MAX_TOKENS: Type.Integer({
    minimum: 1,
    default: 4096,
    description:
      'Output limit added to a request without one; only for clients with hold: ceiling, under a budget',
    expected: 'a whole number of tokens, 1 or more',
  }),
  BUDGET_STATUS_OPENAI: Type.Enum([402, 429], {
    type: 'integer',
    default: 402,
    description: "The status of 'budget spent' on OpenAI routes; many clients retry 429",
    expected: '402 or 429',
  }),
  CORS_ORIGINS: Type.Optional(
    Type.String({
      pattern: originsPattern,
      description: 'Browser origins that may call, separated by commas, or *. Unset: none',
      expected: 'origins such as https://app.example.com, without a path and separated by commas, or *',
    }),
  ),
  PUBLIC_URL: Type.Optional(
    Type.String({
      pattern: '^https?://[^\\s/?#@<>|"\\\\]+(/[^\\s?#<>|"\\\\]*)?$',
      format: 'url',
      description: 'Where people reach the gateway with a browser; alerts link to its /dashboard',
      expected: 'an http:// or https:// URL without user, query and fragment, such as https://ai.example.com',
    }),
  ),
  PRICES_FILE: Type.Optional(
    Type.String({
      minLength: 1,
      description: 'JSON merged over the built-in price table, read again when it changes',
      expected: 'a path',
    }),
  ),
  UPSTREAMS_FILE: Type.Optional(
    Type.String({
      minLength: 1,
      description:
        'YAML or JSON with upstreams and routes, in place of the three keys and base URLs above; read again when it changes',
      expected: 'a path',
    }),
  ),
  ALERT_WEBHOOK_URL: Type.Optional(
    Type.String({
      pattern: httpUrl,
      secret: true,
      description: 'Slack-compatible webhook for alerts',
      expected: 'an http:// or https:// URL',
    }),
  ),
  ALERT_WEBHOOK_SECRET: secret('Signs each alert (HMAC-SHA256 of the body)'),
  METRICS_PORT: Type.Optional(
    Type.Integer({
      minimum: 0,
      maximum: 65_535,
      description: 'A port of its own for /metrics, on HOST. Unset: /metrics is on PORT',
      expected: 'a port from 0 to 65535 that is not PORT',
    }),
  ),
  METRICS_TOKEN: secret(
    'The bearer token that /metrics takes. Unset: every process that can reach the port may read it',
  ),
  ...otlpVariables,
  LEDGER_MAX_PENDING: Type.Integer({
    minimum: 1,
    default: 1_000_000,
    description: 'Entries that may wait for Postgres before calls get 503',
    expected: 'a whole number, 1 or more',
  }),
  MAX_CONCURRENT_CALLS: Type.Integer({
    minimum: 1,
    default: 5000,
    description: 'Calls that one replica runs at once; more get 503 or 529',
    expected: 'a whole number, 1 or more',
  }),
  OVERLOAD_DELAY_MS: Type.Integer({
    minimum: 0,
    default: 500,
    description: 'Event-loop turns longer than this, one after the other, get new calls 503 or 529. 0: never',
    expected: 'a whole number of milliseconds, or 0',
  }),
  DRAIN_DELAY_SECONDS: seconds(5, 'After SIGTERM: how long new calls are still served'),
  DRAIN_SECONDS: seconds(30, 'After that: how long running calls may take'),
} satisfies Record<string, TSchema>

/** TypeBox keeps these beside the schema, without types. */
const words = Type.Object({
  /** The meaning, in one line; `.env.example` and the documentation repeat it. */
  description: Type.String(),
  /** The expected value in words, for the error line. */
  expected: Type.String(),
  /** Never shown, not even in an error. */
  secret: Type.Optional(Type.Boolean()),
})

/** The text for each variable in `.env.example` and the documentation. */
export const documentation = Object.entries(variables).map(([name, variable]) => ({
  name,
  fallback: 'default' in variable ? String(variable.default) : undefined,
  ...Value.Parse(words, { ...variable }),
}))

export const secretNames = documentation.flatMap(({ name, secret }) => (secret ? [name] : []))
