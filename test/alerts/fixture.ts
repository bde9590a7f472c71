/** A fixture for alert tests: a Postgres with the table, a Redis, and a receiver with set responses, over real HTTP. */

import { createServer, type IncomingHttpHeaders, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { TestContext } from 'node:test'
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import type { Pool } from 'pg'
import { pino } from 'pino'
import { alertRoutes } from '../../src/admin/alert-routes.ts'
import { respondWithProblems } from '../../src/admin/problems.ts'
import { checkWithTypeBox } from '../../src/admin/schemas.ts'
import type { Alert } from '../../src/alerts/alert.ts'
import type { ShownAlert } from '../../src/alerts/outbox.ts'
import alerts, { type AlertsOptions } from '../../src/plugins/alerts.ts'
import health from '../../src/plugins/health.ts'
import jobs from '../../src/plugins/jobs.ts'
import lifecycle from '../../src/plugins/lifecycle.ts'
import postgres from '../../src/plugins/postgres.ts'
import redis from '../../src/plugins/redis.ts'
import { openPool, testDatabase } from '../servers.ts'

export type Line = Record<string, unknown> & { msg: string }

export async function alertsTable(t: TestContext): Promise<{ pool: Pool; url: string }> {
  const { url } = await testDatabase(t)
  const pool = openPool(t, url)
  return { pool, url }
}

export function alertOf(more: Partial<Alert> = {}): Alert {
  return {
    kind: 'budget_threshold',
    dedupe: 'budget:client:c1:d20261123:5000000000:80',
    severity: 'warning',
    scope: 'client:frontend',
    title: 'client:frontend has spent 80 % of its budget for this day: $4.00 of $5.00 spent.',
    details: { percent: 80, limitUsd: 5, spentUsd: 4 },
    ...more,
  }
}

export interface Post {
  headers: IncomingHttpHeaders
  body: string
}

/** The receiver's reaction to a request: an HTTP status, no response, or a broken connection. */
export type Reaction = number | 'silence' | 'cut' | ((response: ServerResponse) => void)

export interface Receiver {
  url: string
  /** All received requests, with any response. */
  posts: Post[]
  /** The next responses; after them it sends 200. */
  reactions: Reaction[]
}

export async function startReceiver(t: TestContext, reactions: Reaction[] = [], port = 0): Promise<Receiver> {
  const posts: Post[] = []
  const server = createServer(async (request, response) => {
    const chunks: Buffer[] = []
    for await (const chunk of request) chunks.push(chunk)
    posts.push({ headers: request.headers, body: Buffer.concat(chunks).toString() })
    const reaction = reactions.shift() ?? 200
    if (typeof reaction === 'function') reaction(response)
    else if (reaction === 'cut') response.socket?.destroy()
    else if (reaction !== 'silence') response.writeHead(reaction).end('ok')
  })
  await new Promise<void>(resolve => server.listen(port, '127.0.0.1', resolve))
  t.after(() => {
    server.closeAllConnections()
    server.close()
  })
  return { url: `http://127.0.0.1:${portOf(server.address())}/services/T0/B0/secret-path`, posts, reactions }
}

function portOf(address: AddressInfo | string | null): number {
  if (address === null || typeof address === 'string') throw new Error('no port')
  return address.port
}

/** Over HTTP, times are text. */
export type Shown = Omit<ShownAlert, 'raisedAt' | 'deliveredAt' | 'nextAttemptAt'> & { raisedAt: string }

export interface Replica {
  app: FastifyInstance
  lines: Line[]
  /** As the administration shows them. */
  alerts(): Promise<Shown[]>
}

/** The plugin with its real dependencies; each call with the same servers starts one more replica. */
export async function startReplica(
  t: TestContext,
  { redisUrl, databaseUrl }: { redisUrl: string; databaseUrl: string },
  options: AlertsOptions = {},
): Promise<Replica> {
  const lines: Line[] = []
  const loggerInstance: FastifyBaseLogger = pino(
    { level: 'debug' },
    { write: line => void lines.push(JSON.parse(line)) },
  )
  const app = Fastify({ loggerInstance })
  await app.register(lifecycle)
  await app.register(jobs)
  await app.register(health)
  await app.register(redis, { url: redisUrl })
  await app.register(postgres, { url: databaseUrl })
  await app.register(alerts, { everyMs: 50, firstRetryMs: 20, ...options })
  await app.register(
    async admin => {
      respondWithProblems(admin)
      checkWithTypeBox(admin)
      await admin.register(alertRoutes)
    },
    { prefix: '/admin' },
  )
  t.after(() => app.close())
  await app.migrated
  return {
    app,
    lines,
    alerts: async () => (await app.inject('/admin/alerts')).json().alerts,
  }
}
