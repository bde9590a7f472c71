/** Deletes old rows by dropping the partitions of whole months. The daily sums stay, so totals do not change. */

import type { Pool } from 'pg'
import { utcDay } from '../lua/calendar.ts'
import { performanceSteps } from './performance.ts'
import { transaction } from './transaction.ts'

const DAY = 86_400_000

/** A row must exist as long as its entry may be repeated, because a repeat without the row counts twice. */
const KEEP_AT_LEAST = 31

/** Number of days with sums by hour. */
const KEEP_HOURS = 92

export interface Pruned {
  /** Months that were dropped, such as `calls_2025_09`. */
  partitions: string[]
  /** Minutes of refusals that were deleted. */
  refusals: number
}

/**
 * Drops the months that ended more than `keepDays` ago by Postgres's clock, because a wrong clock of the gateway must not
 * delete new rows. Returns undefined if another replica prunes now.
 */
export async function prune(pool: Pool, keepDays: number, now?: Date): Promise<Pruned | undefined> {
  return transaction(pool, async client => {
    // The lock has a short timeout, so that other queries do not wait behind it. A failure is retried on the next day.
    await client.query(`set local lock_timeout = '3s'`)
    const lock = await client.query(`select pg_try_advisory_xact_lock(hashtext('tollgate:prune')) as taken`)
    if (!lock.rows[0].taken) return undefined
    const clock = await client.query<{ now: Date }>('select now()')
    const time = (now ?? clock.rows[0]!.now).getTime()
    const cutoff = new Date(time - Math.max(keepDays, KEEP_AT_LEAST) * DAY)
    const { rows } = await client.query(
      `select inhrelid::regclass::text as name from pg_inherits
       where inhparent = 'calls'::regclass and inhrelid::regclass::text < $1 order by 1`,
      [`calls_${utcDay(cutoff).slice(0, 7).replace('-', '_')}`],
    )
    const partitions = rows.map(({ name }) => String(name))
    for (const partition of partitions) await client.query(`drop table ${partition}`)
    const { rowCount } = await client.query('delete from refusals where minute < $1', [cutoff])
    await client.query('delete from usage_hourly where hour < $1', [new Date(time - KEEP_HOURS * DAY)])
    for (const { seconds, keptDays } of Object.values(performanceSteps))
      await client.query('delete from performance where seconds = $1 and start < $2', [
        seconds,
        new Date(time - keptDays * DAY),
      ])
    return { partitions, refusals: rowCount ?? 0 }
  })
}
