/** One replica with authentication and the administration but no upstream: `POST /v1/whoami` returns the authenticated client. */

import type { TestContext } from 'node:test'
import Fastify, { type FastifyInstance, type FastifyRequest, type LightMyRequestResponse } from 'fastify'
import { createRedactor } from '../../src/config/redactor.ts'
import { isRefusal } from '../../src/errors.ts'
import admin from '../../src/plugins/admin.ts'
import auth from '../../src/plugins/auth.ts'
import clients from '../../src/plugins/clients.ts'
import clock from '../../src/plugins/clock.ts'
import health from '../../src/plugins/health.ts'
import jobs from '../../src/plugins/jobs.ts'
import lifecycle from '../../src/plugins/lifecycle.ts'
import money from '../../src/plugins/money.ts'
import postgres from '../../src/plugins/postgres.ts'
import prices from '../../src/plugins/prices.ts'
import redis from '../../src/plugins/redis.ts'
import secrets from '../../src/plugins/secrets.ts'
import upstreams from '../../src/plugins/upstreams.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { clearOfMidnight } from '../midnight.ts'
import { testDatabase, testRedis } from '../servers.ts'
import { until } from '../until.ts'

export const TOKEN = 'the-administrators-token'

export interface Replica {
  app: FastifyInstance
  redisUrl: string
  databaseUrl: string
  /** Log lines so far. */
  lines: Record<string, unknown>[]
  admin(
    method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
    path: string,
    body?: unknown,
    who?: { token?: string; address?: string },
  ): Promise<AdminResponse>
  /** Makes a client, its team if it names one, and a key of the client. */
  client(settings: { name: string } & Record<string, unknown>): Promise<{ id: string; key: string }>
  /** Opens a real port. */
  listen(): Promise<number>
  call(headers: Record<string, string>): Promise<LightMyRequestResponse>
  /** The logged reasons of refusals. */
  reasons: (string | undefined)[]
  /** The handler of admitted calls. */
  onCall(work: (request: FastifyRequest) => Promise<void>): void
}

export interface AdminResponse {
  status: number
  headers: LightMyRequestResponse['headers']
  body: Record<string, unknown>
}

export interface ReplicaOptions {
  redisUrl?: string
  databaseUrl?: string
  token?: string | undefined
  pollEvery?: number
  capacity?: number
  /** Waits until the configuration is loaded. */
  ready?: boolean
}

export async function startReplica(t: TestContext, options: ReplicaOptions = {}): Promise<Replica> {
  await clearOfMidnight()
  const { pollEvery = 500, capacity = 1000, ready = true } = options
  const redisUrl = options.redisUrl ?? (await testRedis(t)).url
  const databaseUrl = options.databaseUrl ?? (await testDatabase(t)).url
  const lines: Record<string, unknown>[] = []
  const app = Fastify({
    loggerInstance: createLogger('debug', { write: text => void lines.push(JSON.parse(text)) }),
  })
  const reasons: Replica['reasons'] = []
  app.addHook('onError', async (_request, _reply, error) => {
    if (isRefusal(error)) reasons.push(error.reason)
  })
  let onCall = async (_request: FastifyRequest) => {}
  t.after(() => app.close())
  await app.register(lifecycle)
  await app.register(jobs)
  await app.register(health)
  await app.register(redis, { url: redisUrl })
  await app.register(money)
  await app.register(clock)
  await app.register(postgres, { url: databaseUrl })
  await app.register(prices, { file: undefined })
  await app.register(secrets, { values: {}, files: {}, redactor: createRedactor() })
  await app.register(upstreams, { fromEnvironment: [], file: undefined, readKey: () => '', timeoutMs: 1000 })
  await app.register(clients, { pollEvery, capacity })
  await app.register(async callers => {
    await callers.register(auth)
    callers.post('/v1/whoami', async request => {
      await onCall(request)
      const { client, key } = request
      return { client: client.name, team: client.team, key: key.id }
    })
  })
  await app.register(admin, { token: () => ('token' in options ? options.token : TOKEN) })
  await app.ready()
  if (ready) await until(() => app.clients.version > 0 && app.redis.status === 'ready')
  // No ledger completes the counters here.
  if (ready) await app.redis.set('{tollgate}:epoch', '1')

  const call: Replica['admin'] = async (
    method,
    path,
    body,
    { token = TOKEN, address = '127.0.0.1' } = {},
  ) => {
    const response = await app.inject({
      method,
      url: `/admin${path}`,
      remoteAddress: address,
      headers: {
        authorization: `Bearer ${token}`,
        ...(body !== undefined && { 'content-type': 'application/json' }),
      },
      ...(body !== undefined && { payload: typeof body === 'string' ? body : JSON.stringify(body) }),
    })
    return {
      status: response.statusCode,
      headers: response.headers,
      body: response.body === '' ? {} : response.json(),
    }
  }
  return {
    app,
    reasons,
    onCall: work => {
      onCall = work
    },
    redisUrl,
    databaseUrl,
    lines,
    admin: call,
    async client(settings) {
      await call('POST', '/clients', { createTeam: true, ...settings })
      const { body } = await call('POST', `/clients/${settings.name}/keys`)
      return { id: String(body.id), key: String(body.key) }
    },
    async listen() {
      const url = await app.listen({ host: '127.0.0.1', port: 0 })
      return Number(new URL(url).port)
    },
    call: headers => app.inject({ method: 'POST', url: '/v1/whoami', headers, payload: {} }),
  }
}
