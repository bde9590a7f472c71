/**
 * Checks two rules while calls run: the counters in Redis equal the ledger in Postgres plus the pending entries, to the
 * nano-dollar; and no budget is overspent.
 *
 * Entries move during the check, so the order of the reads matters:
 *   1. the time in Postgres
 *   2. the counters and the last entry that they include, at the same time, in Redis
 *   3. the entries up to that entry that are still in the stream
 *   4. the ledger, in one snapshot of Postgres
 * Read 4 may include entries after read 2. They are subtracted: they were recorded after the time of 1, and their id is
 * above the id of 2. An entry of 3 is pending only if 4 does not include it.
 */

import type { Cluster, Redis } from 'ioredis'
import type { Pool, PoolClient } from 'pg'
import { utcDay, windowsAt } from '../lua/calendar.ts'
import type { LedgerScripts } from '../lua/ledger.ts'
import { isScopeKey, scopeKey, scopeKinds } from '../lua/scope-kinds.ts'
import { rebuilding } from '../lua/types.ts'
import { position } from './entry.ts'
import { readOverspent } from './overspent.ts'
import { dropRecorded, followStream } from './pending.ts'
import { readEpoch } from './progress.ts'
import { addCharge, type Charge, readSpent, type Spent, windowKey } from './spent.ts'
import { transaction } from './transaction.ts'

export interface Difference {
  scope: string
  window: 'day' | 'month'
  counterNanos: number
  ledgerNanos: number
  pendingNanos: number
  /** counter − ledger − pending; with `limitNanos`: counter − limit. */
  differenceNanos: number
  /** The limit of an overspent budget. */
  limitNanos?: number
}

export interface Verified {
  /** Number of compared windows. */
  scopes: number
  differences: Difference[]
  /** Number of all entries in quarantine. Each makes a difference in its windows. */
  quarantined: number
}

interface Stores {
  redis: Redis | Cluster
  scripts: LedgerScripts
  pool: Pool
}

/** Number of scopes in one step. */
const PAGE = 200

/** Rejects if the counters are incomplete, or Redis loses them during the check. */
export async function verify({ redis, scripts, pool }: Stores): Promise<Verified> {
  const epoch = await readEpoch(redis)
  if (epoch === null) throw rebuilding()
  const windows = await runningWindows(redis)
  const pendingUpTo = followStream(redis)
  const limits = await readOverspent(pool, windows.names)
  const seen = new Set<string>()
  const differences: Difference[] = []
  for await (const page of scopePages(scripts, pool, windows)) {
    const scopes = [...new Set(page)].filter(scope => !seen.has(scope) && isScopeKey(scope))
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
      counters.map(({ scope, window, spentNanos }) => [windowKey(scope, window), spentNanos]),
    )
    return scopes.flatMap(scope =>
      (['day', 'month'] as const).flatMap(window => {
        const key = windowKey(scope, windows[window])
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
  /** The names of the windows in Redis. */
  day: string
  month: string
  names: string[]
  /** UTC days of the month, half-open. */
  from: string
  to: string
}

/** The windows by Redis's clock. The check may run past midnight, because Redis keeps a window for two days. */
async function runningWindows(redis: Redis | Cluster): Promise<Windows> {
  const [seconds] = await redis.time()
  const { day, month } = windowsAt(Number(seconds) * 1000)
  return {
    day: day.name,
    month: month.name,
    names: [day.name, month.name],
    from: utcDay(month.startsAt),
    to: utcDay(month.endsAt),
  }
}

/** Lists every scope with counters, then every scope with rows, because each side may lack scopes of the other. */
async function* scopePages(
  scripts: LedgerScripts,
  pool: Pool,
  { from, to }: Windows,
): AsyncGenerator<string[]> {
  yield* scripts.scopeKeys()
  for (const { kind, column } of scopeKinds) {
    if (column === null) {
      yield [kind]
      continue
    }
    for (let last = ''; ; ) {
      const { rows } = await pool.query<{ id: string }>(
        `select distinct ${column} as id from usage_daily
         where day >= $1 and day < $2 and ${column} > $3 order by 1 limit ${PAGE}`,
        [from, to, last],
      )
      if (rows.length === 0) break
      yield rows.map(({ id }) => scopeKey(kind, id))
      last = rows.at(-1)!.id
    }
  }
}

/** Charges that were recorded after the read of the counters. */
async function readLater(
  client: PoolClient,
  since: string,
  lastId: string,
  { from, to }: Windows,
): Promise<Charge[]> {
  const { rows } = await client.query<Charge>(
    `select ${scopeKinds.flatMap(({ column }) => column ?? []).join(', ')}, day::text, cost_nanos from calls
     where recorded_at >= $1 and position > $2 and day >= $3 and day < $4`,
    [since, position(lastId).toString(), from, to],
  )
  return rows
}
