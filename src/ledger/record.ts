/** Writes rows to Postgres, each counted once: one statement inserts them and adds the inserted ones to the sums. */

import { DatabaseError, type Pool, type QueryConfig } from 'pg'
import { columns, type Row, readEntry, type StreamEntry } from './entry.ts'
import { sums } from './sums.ts'

export interface Recorded {
  /** Number of inserted rows. */
  inserted: number
  /** The entries that went into quarantine, with the reason. */
  poisoned: { streamId: string; fault: string }[]
}

/** Rejects if Postgres is away. A repeat with the same entries is safe: a recorded entry is not counted again. */
export type Recorder = (entries: StreamEntry[]) => Promise<Recorded>

/** The types of pg lack this option. It ends a query if the server is gone without closing the connection. */
interface TimedQuery extends QueryConfig {
  query_timeout: number
}
const PATIENCE = 30_000

export function createRecorder(pool: Pool): Recorder {
  const months = new Set<string>()

  return async function record(entries) {
    const readable: { entry: StreamEntry; row: Row }[] = []
    const recorded: Recorded = { inserted: 0, poisoned: [] }
    for (const entry of entries) {
      try {
        readable.push({ entry, row: readEntry(entry) })
      } catch (error) {
        await quarantine(entry, error, recorded)
      }
    }
    await insert(readable, recorded)
    return recorded
  }

  /** If Postgres refuses a batch, it is halved until the bad row is alone, so that all other rows are written. */
  async function insert(rows: { entry: StreamEntry; row: Row }[], recorded: Recorded): Promise<void> {
    if (rows.length === 0) return
    try {
      await makeRoom(rows)
      const insertion: TimedQuery = {
        text: INSERT,
        values: [JSON.stringify(rows.map(({ row }) => row))],
        query_timeout: PATIENCE,
      }
      const { rows: counts } = await pool.query(insertion)
      recorded.inserted += Number(counts[0].inserted)
    } catch (error) {
      if (isWithoutPartition(error)) months.clear()
      if (!isAboutData(error)) throw error
      if (rows.length === 1) return quarantine(rows[0]!.entry, error, recorded)
      const half = rows.length >> 1
      await insert(rows.slice(0, half), recorded)
      await insert(rows.slice(half), recorded)
    }
  }

  async function makeRoom(rows: { row: Row }[]): Promise<void> {
    for (const month of new Set(rows.map(({ row }) => row.day.slice(0, 7)))) {
      if (months.has(month)) continue
      await pool.query('select ensure_calls_month($1)', [`${month}-01`])
      months.add(month)
    }
  }

  async function quarantine({ streamId, fields }: StreamEntry, error: unknown, recorded: Recorded) {
    const fault = error instanceof Error ? error.message : String(error)
    await pool.query(
      'insert into ledger_quarantine (stream_id, fields, fault) values ($1, $2, $3) on conflict do nothing',
      [streamId, JSON.stringify(fields).replaceAll('\\u0000', '\\ufffd'), fault],
    )
    recorded.poisoned.push({ streamId, fault })
  }
}

const list = (names: string[], each = (name: string) => name) => names.map(each).join(', ')
const own = list(columns)
const added = Object.keys(sums)

function sumInto(table: string, time: string, timeOf: string): string {
  return `
    insert into ${table} as kept (client_id, ${time}, team_id, model, client, team, ${list(added)})
    select coalesce(client_id, ''), ${timeOf}, coalesce(team_id, ''), coalesce(model, ''),
           coalesce(max(client), ''), coalesce(max(team), ''), ${list(Object.values(sums))}
    from fresh group by 1, 2, 3, 4 order by 1, 2, 3, 4
    on conflict (client_id, ${time}, team_id, model) do update
    set client = excluded.client, team = excluded.team,
        ${list(added, sum => `${sum} = kept.${sum} + excluded.${sum}`)}`
}

/**
 * $1: rows as JSON. Returns the number of new rows. Every replica writes rows and sums in the same order, so that two
 * replicas with the same rows cannot deadlock.
 */
const INSERT = `
  with fresh as (
    insert into calls (${own})
    select ${own} from jsonb_populate_recordset(null::calls, $1) order by id, seq, day
    on conflict do nothing
    returning *
  ), by_day as (${sumInto('usage_daily', 'day', 'day')}
  ), by_hour as (${sumInto('usage_hourly', 'hour', `date_trunc('hour', at, 'UTC')`)}
  )
  select count(*) as inserted from fresh`

/** SQLSTATE class 22: the value is invalid, so a retry cannot succeed. All other errors are retried. */
function isAboutData(error: unknown): boolean {
  return error instanceof DatabaseError && error.code?.startsWith('22') === true
}

/** True: the month was pruned after this replica created its partition. */
function isWithoutPartition(error: unknown): boolean {
  return error instanceof DatabaseError && error.code === '23514'
}
