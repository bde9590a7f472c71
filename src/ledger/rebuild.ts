/**
 * Restores the counters from the ledger if Redis has none. One replica does it. Meanwhile no call is admitted or settled,
 * so the ledger does not change.
 */

import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Cluster, Redis } from 'ioredis'
import type { Pool, PoolClient } from 'pg'
import { utcDay, windowsAt } from '../lua/calendar.ts'
import type { LedgerScripts, Restored } from '../lua/ledger.ts'
import { SPENT_BY_SCOPE } from './spent.ts'
import { countPending } from './stream.ts'
import { transaction } from './transaction.ts'

export interface RebuildOptions {
  redis: Redis | Cluster
  scripts: LedgerScripts
  pool: Pool
  log: FastifyBaseLogger
  /** Unique token of this replica. */
  token: string
  /** Milliseconds between renewals. After this time every running call has renewed its hold. */
  heartbeatMs: number
  signal: AbortSignal
  /** Called when the counters are missing and this replica has the lock. */
  begun?(): void
}

const DAY = 86_400_000

/** Redis keeps a window for two days after its end, for late settlements. */
const KEPT_DAYS = 2
const PAGE = 500
const DRAIN_POLL = 50
const TURN_RENEWAL = 10_000

/** Restores the counters if they are missing and no other replica restores them. Returns true if they are complete now. */
export async function rebuild(options: RebuildOptions): Promise<boolean> {
  const { redis, scripts, pool, log, token, heartbeatMs, signal } = options
  const state = await scripts.begin(token)
  if (state !== 'begun') return state === 'complete'
  options.begun?.()
  const renewal = setInterval(() => scripts.begin(token).catch(() => {}), TURN_RENEWAL)
  try {
    if (await hasHistory(pool)) {
      log.warn('Redis has lost its counters; restoring them from the ledger, calls get 503 until then')
      await wait(heartbeatMs, undefined, { signal })
    }
    while ((await countPending(redis)) > 0) await wait(DRAIN_POLL, undefined, { signal })
    const result = await transaction(pool, restore, 'isolation level repeatable read read only')
    if (result === 'complete') log.info('the counters are complete')
    return result === 'complete'
  } finally {
    clearInterval(renewal)
  }

  async function restore(client: PoolClient): Promise<string> {
    // Only the ledger's sums are right, so counters that it does not have become 0.
    for await (const scopes of scripts.scopeKeys()) {
      const { windows } = await scripts.snapshot(scopes)
      const empty = windows.map(({ scope, window }) => ({ scope, window, spentNanos: 0 }))
      const result = await scripts.restore(token, { windows: empty, calls: [] })
      if (result !== 'restored') return result
    }
    const [seconds] = await redis.time()
    for await (const windows of pages<WindowRow>(
      client,
      'spent',
      SPENT_BY_SCOPE,
      keptSince(Number(seconds)),
    )) {
      const result = await scripts.restore(token, { windows: windows.map(asWindow), calls: [] })
      if (result !== 'restored') return result
    }
    for await (const calls of pages<CallRow>(client, 'ended', ENDED_CALLS, [])) {
      const result = await scripts.restore(token, { windows: [], calls: calls.map(asCall) })
      if (result !== 'restored') return result
    }
    const { rows } = await client.query('select version from configuration')
    return scripts.restore(token, { windows: [], calls: [] }, Number(rows[0].version))
  }
}

/** An installation without a charge has no running calls, so the rebuild need not wait for renewals. */
async function hasHistory(pool: Pool): Promise<boolean> {
  const { rows } = await pool.query('select exists (select from usage_daily) as charged')
  return rows[0].charged
}

/** The first day with a window in Redis, and the first day of the first month with one. */
function keptSince(seconds: number): [day: string, month: string] {
  const { day, month } = windowsAt(seconds * 1000 - KEPT_DAYS * DAY)
  return [utcDay(day.startsAt), utcDay(month.startsAt)]
}

interface WindowRow {
  scope: string
  window: string
  nanos: string
}

const asWindow = ({ scope, window, nanos }: WindowRow): Restored['windows'][number] => ({
  scope,
  window,
  spentNanos: BigInt(nanos),
})

interface CallRow {
  id: string
  seq: number
  at: Date
  cost_nanos: string
  is_lost: boolean
}

const asCall = ({ id, seq, at, cost_nanos, is_lost }: CallRow): Restored['calls'][number] =>
  is_lost ? { id, lost: { at: at.getTime(), nanos: BigInt(cost_nanos) } } : { id, seq }

const NOT_CORRECTED = `not exists (
  select from calls later where later.id = last.id and later.day = last.day and later.seq > last.seq)`

/**
 * The calls whose settlement may be repeated: recorded in the last hour, or lost in the last seven days without a
 * correction. Without a tombstone a repeat charges them twice.
 */
const ENDED_CALLS = `
  select id, seq, at, cost_nanos, false as is_lost from calls last
  where recorded_at >= now() - interval '1 hour' and not (outcome = 'lost' and seq = 0) and ${NOT_CORRECTED}
  union all
  select id, seq, at, cost_nanos, true from calls last
  where recorded_at >= now() - interval '7 days' and outcome = 'lost' and seq = 0 and ${NOT_CORRECTED}`

/** Reads a result in pages, because it may be larger than memory. */
async function* pages<Row extends object>(
  client: PoolClient,
  cursor: string,
  query: string,
  values: string[],
): AsyncGenerator<Row[]> {
  await client.query(`declare ${cursor} no scroll cursor for ${query}`, values)
  for (;;) {
    const { rows } = await client.query<Row>(`fetch ${PAGE} from ${cursor}`)
    if (rows.length === 0) return
    yield rows
  }
}
