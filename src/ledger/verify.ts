/**
 * Counters in Redis = ledger in Postgres + what is on its way between them, to the nano-dollar, while calls go on; and no
 * budget was overspent.
 *
 * Entries move while one looks, so the order of looking decides:
 *   1. the time in Postgres
 *   2. the counters, and the last entry they hold, of one moment in Redis
 *   3. the entries up to that one that still lie in the stream
 *   4. the ledger, of one moment in Postgres
 * What 4 holds of later entries is taken off again: it was recorded after 1, and its place is behind that of 2. And of 3
 * only what 4 does not hold yet is on its way.
 */

import type { Cluster, Redis } from 'ioredis'
import type { Pool, PoolClient } from 'pg'
import { windowsAt } from '../lua/calendar.ts'
import type { LedgerScripts } from '../lua/ledger.ts'
import { rebuilding } from '../lua/types.ts'
import { position } from './entry.ts'
import { readOverspent } from './overspent.ts'
import { dropRecorded, followStream } from './pending.ts'
import { readEpoch } from './progress.ts'
import { addCharge, type Charge, keyOf, readSpent, type Spent } from './spent.ts'
import { transaction } from './transaction.ts'

export interface Difference {
  scope: string
  window: 'day' | 'month'
  counterNanos: number
  ledgerNanos: number
  pendingNanos: number
  /** counter − ledger − pending; with `limitNanos`: counter − limit. */
  differenceNanos: number
  /** Of an overspent budget. */
  limitNanos?: number
}

export interface Verified {
  /** How many were compared. */
  scopes: number
  differences: Difference[]
  /** Unreadable entries kept aside, ever: each is a difference in the windows it was charged in. */
  quarantined: number
}

interface Stores {
  redis: Redis | Cluster
  scripts: LedgerScripts
  pool: Pool
}

/** Scopes compared in one step. */
const PAGE = 200

/** Rejects where the counters are incomplete, or were lost in the meantime. */
export async function verify({ redis, scripts, pool }: Stores): Promise<Verified> {
  const epoch = await readEpoch(redis)
  if (epoch === null) throw rebuilding()
  const windows = await runningWindows(redis)
  const pendingUpTo = followStream(redis)
  const limits = await readOverspent(pool, windows.names)
  const seen = new Set<string>()
  const differences: Difference[] = []
  for await (const page of scopePages(scripts, pool, windows)) {
    const scopes = [...new Set(page)].filter(
      scope => !seen.has(scope) && /^(client:|team:|gateway$)/.test(scope),
    )
    for (const scope of scopes) seen.add(scope)
    for (let i = 0; i < scopes.length; i += PAGE) {
      differences.push(...(await compare(scopes.slice(i, i + PAGE))))
    }
  }
  const { rows } = await pool.query('select count(*) as count from ledger_quarantine')
  if ((await readEpoch(redis)) !== epoch) throw rebuilding()
  return { scopes: seen.size, differences, quarantined: Number(rows[0].count) }

  async function compare(scopes: string[]): Promise<Difference[]> {
    const { rows } = await pool.query<{ now: string }>('select clock_timestamp()::text as now')
    const { lastId, windows: counters } = await scripts.snapshot(scopes)
    const pending = await pendingUpTo(lastId)
    const ledger = await transaction(
      pool,
      async client => {
        await dropRecorded(client, pending)
        const spent = await readSpent(client, scopes, windows)
        const later = await readLater(client, rows[0]!.now, lastId, windows)
        for (const charge of later) addCharge(spent, charge, -1)
        return spent
      },
      'isolation level repeatable read read only',
    )
    const waiting: Spent = new Map()
    for (const row of pending.values()) addCharge(waiting, row, 1)
    const counted: Spent = new Map(
      counters.map(({ scope, window, spentNanos }) => [keyOf(scope, window), spentNanos]),
    )
    return scopes.flatMap(scope =>
      (['day', 'month'] as const).flatMap(window => {
        const key = keyOf(scope, windows[window])
        const counterNanos = counted.get(key) ?? 0
        const ledgerNanos = ledger.get(key) ?? 0
        const pendingNanos = waiting.get(key) ?? 0
        const found = { scope, window, counterNanos, ledgerNanos, pendingNanos }
        const differenceNanos = counterNanos - ledgerNanos - pendingNanos
        const limitNanos = limits.get(key) ?? Number.POSITIVE_INFINITY
        return [
          ...(differenceNanos === 0 ? [] : [{ ...found, differenceNanos }]),
          ...(counterNanos > limitNanos
            ? [{ ...found, differenceNanos: counterNanos - limitNanos, limitNanos }]
            : []),
        ]
      }),
    )
  }
}

interface Windows {
  /** Their names in Redis. */
  day: string
  month: string
  names: string[]
  /** UTC days of the month, half-open. */
  from: string
  to: string
}

/** By Redis's clock. Should midnight pass meanwhile: a window that has ended is kept for two days. */
async function runningWindows(redis: Redis | Cluster): Promise<Windows> {
  const [seconds] = await redis.time()
  const { day, month } = windowsAt(Number(seconds) * 1000)
  const utcDay = (ms: number) => new Date(ms).toISOString().slice(0, 10)
  return {
    day: day.name,
    month: month.name,
    names: [day.name, month.name],
    from: utcDay(month.startsAt),
    to: utcDay(month.endsAt),
  }
}

/** Every scope with counters, then every scope with rows: either side may know one that the other lacks. */
async function* scopePages(
  scripts: LedgerScripts,
  pool: Pool,
  { from, to }: Windows,
): AsyncGenerator<string[]> {
  yield ['gateway']
  yield* scripts.scopeKeys()
  for (const [kind, column] of [
    ['client', 'client_id'],
    ['team', 'team_id'],
  ]) {
    for (let last = ''; ; ) {
      const { rows } = await pool.query<{ id: string }>(
        `select distinct ${column} as id from usage_daily
         where day >= $1 and day < $2 and ${column} > $3 order by 1 limit ${PAGE}`,
        [from, to, last],
      )
      if (rows.length === 0) break
      yield rows.map(({ id }) => `${kind}:${id}`)
      last = rows.at(-1)!.id
    }
  }
}

/** Charges that came after the counters were read. */
async function readLater(
  client: PoolClient,
  since: string,
  lastId: string,
  { from, to }: Windows,
): Promise<Charge[]> {
  const { rows } = await client.query<Charge>(
    `select client_id, team_id, day::text, cost_nanos from calls
     where recorded_at >= $1 and position > $2 and day >= $3 and day < $4`,
    [since, position(lastId).toString(), from, to],
  )
  return rows
}
