/** A fixture for ledger tests: a real Redis, a Postgres with the schema, and entries in the format of the scripts. */

import type { TestContext } from 'node:test'
import type { Cluster, Redis } from 'ioredis'
import type { Pool } from 'pg'
import { pino } from 'pino'
import { type DrainOptions, startDrain } from '../../src/ledger/drain.ts'
import type { StreamEntry } from '../../src/ledger/entry.ts'
import { createRecorder } from '../../src/ledger/record.ts'
import { createLedgerScripts, type LedgerScripts } from '../../src/lua/ledger.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import { openPool, testDatabase, testRedis } from '../servers.ts'
import { until } from '../until.ts'

export const log = pino({ level: 'silent' })

export interface Fixture {
  redis: Redis | Cluster
  pool: Pool
  scripts: LedgerScripts
}

export async function fixture(t: TestContext): Promise<Fixture> {
  const [{ url: redisUrl }, { url: databaseUrl }] = await Promise.all([testRedis(t), testDatabase(t)])
  return connect(t, redisUrl, databaseUrl)
}

export async function connect(t: TestContext, redisUrl: string, databaseUrl: string): Promise<Fixture> {
  const redis = connectRedis(redisUrl)
  const pool = openPool(t, databaseUrl)
  // A test may stop the server: the next command rejects.
  redis.on('error', () => {})
  t.after(() => redis.disconnect())
  return { redis, pool, scripts: createLedgerScripts(redis) }
}

let consumers = 0

export function drainOf({ redis, pool, scripts }: Fixture, options: Partial<DrainOptions> = {}) {
  const consumer = `consumer-${++consumers}`
  return startDrain({
    redis,
    scripts,
    record: createRecorder(pool),
    log,
    consumer,
    gatherMs: 5,
    lookEveryMs: 5,
    ...options,
  })
}

/** Noon UTC of a day, milliseconds. */
export const noon = (day: string) => Date.parse(`${day}T12:00:00Z`)

export interface Facts {
  id: string
  seq?: 0 | 1
  at?: number
  nanos?: number
  held?: number
  data?: Record<string, unknown>
}

export const clientFacts = { clientId: 'c1', client: 'frontend', teamId: 't1', team: 'web' }

export function fieldsOf({ id, seq = 0, at = noon('2026-11-20'), nanos = 1000, held = nanos, data }: Facts) {
  const fields = {
    reqId: id,
    ...clientFacts,
    model: 'claude-haiku-4-5',
    outcome: 'ok',
    costNanos: nanos,
    ...data,
  }
  return { id, seq, at, nanos, held, data: JSON.stringify(fields) }
}

/** An entry as the drain reads it from the stream. */
export function asRead(entry: Facts, place = 0): StreamEntry {
  const fields = Object.entries(fieldsOf(entry)).map(([name, value]) => [name, String(value)])
  return { streamId: `1-${place}`, fields: Object.fromEntries(fields) }
}

export async function write({ redis }: Fixture, ...entries: Facts[]): Promise<void> {
  const pipeline = redis.pipeline()
  for (const entry of entries)
    pipeline.xadd('{tollgate}:ledger', '*', ...Object.entries(fieldsOf(entry)).flat())
  await pipeline.exec()
}

export const drained = ({ redis }: Fixture) =>
  until(async () => (await redis.xlen('{tollgate}:ledger')) === 0)

export async function one(pool: Pool, sql: string, values: unknown[] = []): Promise<Record<string, unknown>> {
  const { rows } = await pool.query(sql, values)
  return rows[0] ?? {}
}
