/**
 * A gateway for a test: the real app on a real port, with a Redis and a Postgres of its own and a simulated provider
 * behind it. Its log is stored, so that a test can read the line of each call.
 */

import type { FastifyInstance } from 'fastify'
import { buildApp } from '../src/app.ts'
import { environment } from '../src/config/config.ts'
import { createRedactor } from '../src/config/redactor.ts'
import { createLogger } from '../src/telemetry/logger.ts'
import { clearOfMidnight } from './midnight.ts'
import { type Provider, startProvider } from './provider.ts'
import { testDatabase, testRedis } from './servers.ts'
import { until } from './until.ts'
import { type Context, whenOver } from './when-over.ts'

export const ADMIN_TOKEN = 'admin-token-of-the-tests'
/** The one real key, which no caller may ever see. */
export const UPSTREAM_KEY = 'sk-ezai-the-one-real-key'

export type Line = Record<string, unknown> & { msg: string }

export interface Gateway {
  url: string
  app: FastifyInstance
  provider: Provider
  redisUrl: string
  databaseUrl: string
  /** Every log line so far; `calls` only those of calls. */
  lines: Line[]
  calls(): Line[]
  /** Waits for the line of the call with this request id, or of the next call. */
  line(id?: string | null): Promise<Line>
  admin(
    method: string,
    path: string,
    body?: unknown,
  ): Promise<{ status: number; body: Record<string, unknown> }>
  /** Makes a client, and its team if it names one. Returns a key of the client. */
  client(settings: { name: string } & Record<string, unknown>): Promise<string>
  /** POSTs JSON as a caller. */
  post(path: string, key: string | undefined, body: unknown, init?: RequestInit): Promise<Response>
  /** The client's counters now. */
  state(name: string): Promise<Record<string, Record<string, number>>>
  stop(): Promise<void>
}

export interface GatewayOptions {
  env?: Record<string, string>
  provider?: Provider
  redisUrl?: string
  databaseUrl?: string
}

export async function startGateway(t: Context, options: GatewayOptions = {}): Promise<Gateway> {
  await clearOfMidnight()
  const provider = options.provider ?? (await ownProvider(t))
  const redisUrl = options.redisUrl ?? (await testRedis(t)).url
  const databaseUrl = options.databaseUrl ?? (await testDatabase(t)).url
  const variables = environment({
    PORT: '0',
    EZAI_API_KEY: UPSTREAM_KEY,
    EZAI_BASE_URL: provider.url,
    ADMIN_TOKEN,
    // A busy machine is no overload, except in tests of overload.
    OVERLOAD_DELAY_MS: '0',
    ...options.env,
  })
  const lines: Line[] = []
  const redactor = createRedactor()
  const destination = { write: (text: string) => void lines.push(JSON.parse(text)) }
  const logger = createLogger(options.env?.LOG_LEVEL ?? 'info', destination, redactor.text)
  const app = await buildApp(variables, { redisUrl, databaseUrl }, logger, redactor)
  let stopped: Promise<void> | undefined
  const stop = () => (stopped ??= closed(app))
  whenOver(t, stop)
  const url = await app.listen({ host: app.config.HOST, port: app.config.PORT })
  await until(async () => (await fetch(`${url}/readyz`)).ok)

  const admin: Gateway['admin'] = async (method, path, body) => {
    const response = await fetch(`${url}/admin${path}`, {
      method,
      headers: {
        authorization: `Bearer ${ADMIN_TOKEN}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    })
    return {
      status: response.status,
      body: (response.status === 204 ? {} : await response.json()) as Record<string, unknown>,
    }
  }
  const calls = () => lines.filter(({ msg }) => msg === 'call')

  return {
    url,
    app,
    provider,
    redisUrl,
    databaseUrl,
    lines,
    calls,
    async line(id) {
      const seen = calls().length
      return until(async () => (id ? calls().find(line => line.reqId === id) : calls()[seen]))
    },
    admin,
    async client(settings) {
      const created = async (path: string, body: object) => {
        const made = await admin('POST', path, body)
        if (made.status !== 201) throw new Error(JSON.stringify(made.body))
        return made.body
      }
      await created('/clients', { createTeam: true, ...settings })
      const { key } = await created(`/clients/${settings.name}/keys`, {})
      return String(key)
    },
    post: (path, key, body, init = {}) =>
      fetch(`${url}${path}`, {
        method: 'POST',
        body: typeof body === 'string' ? body : JSON.stringify(body),
        ...init,
        headers: {
          'content-type': 'application/json',
          'anthropic-version': '2023-06-01',
          ...(key !== undefined && { 'x-api-key': key }),
          ...init.headers,
        },
      }),
    state: async name => {
      const { body } = await admin('GET', `/clients/${name}`)
      return body.state as Record<string, Record<string, number>>
    },
    stop,
  }
}

async function ownProvider(t: Context): Promise<Provider> {
  const provider = await startProvider()
  whenOver(t, provider.close)
  return provider
}

/** Open connections of a test do not delay the stop of the gateway. */
async function closed(app: FastifyInstance) {
  app.server.closeAllConnections()
  await app.close()
}

/** A small Anthropic request; `prompt` may hold a scenario for the provider. */
export function message(prompt: string, more: Record<string, unknown> = {}) {
  return {
    model: 'claude-haiku-4-5',
    max_tokens: 100,
    messages: [{ role: 'user', content: prompt }],
    ...more,
  }
}

/** The same for OpenAI's chat. */
export function chat(prompt: string, more: Record<string, unknown> = {}) {
  return { model: 'gpt-6-luna', messages: [{ role: 'user', content: prompt }], ...more }
}
