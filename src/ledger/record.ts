/** Writes rows to Postgres, each counted once: one transaction inserts them and adds them to the sums. */

import { setImmediate as turn } from 'node:timers/promises'
import { DatabaseError, type Pool, type PoolClient } from 'pg'
import { copyInto } from '../sql/copy.ts'
import { columns, copyLine, type Row, readEntry, type StreamEntry } from './entry.ts'
import { addPerformance } from './performance-counts.ts'
import { addSums } from './sums.ts'
import { transaction } from './transaction.ts'

export interface Recorded {
  /** Number of inserted rows. */
  inserted: number
  /** The entries that went into quarantine, with the reason. */
  poisoned: { streamId: string; fault: string }[]
}

/** Rejects if Postgres is away. A repeat with the same entries is safe: a recorded entry is not counted again. */
export type Recorder = (entries: StreamEntry[]) => Promise<Recorded>

/** Entries that are read in one turn of the event loop, which takes some milliseconds. */
const TURN = 500

interface Readable {
  entry: StreamEntry
  row: Row
}

export function createRecorder(pool: Pool): Recorder {
  const months = new Set<string>()

  return async function record(entries) {
    const readable: Readable[] = []
    const recorded: Recorded = { inserted: 0, poisoned: [] }
    for (const [i, entry] of entries.entries()) {
      if (i > 0 && i % TURN === 0) await turn()
      try {
        readable.push({ entry, row: readEntry(entry) })
      } catch (error) {
        await quarantine(entry, error, recorded)
      }
    }
    await insert(readable, recorded)
    return recorded
  }

  /**
   * If Postgres refuses a batch because of a value, it is halved until the bad row is alone, so that all other rows are
   * written. A batch with a row that Postgres has is repeated without it.
   */
  async function insert(rows: Readable[], recorded: Recorded): Promise<void> {
    if (rows.length === 0) return
    try {
      await write(rows.map(({ row }) => row))
      recorded.inserted += rows.length
    } catch (error) {
      if (isWithoutPartition(error)) months.clear()
      if (isRepeat(error)) return insert(await withoutRepeats(rows), recorded)
      if (!isAboutData(error)) throw error
      if (rows.length === 1) return quarantine(rows[0]!.entry, error, recorded)
      const half = rows.length >> 1
      await insert(rows.slice(0, half), recorded)
      await insert(rows.slice(half), recorded)
    }
  }

  /** Every replica writes in the order of the stream, so that two replicas with the same rows do not deadlock. */
  async function write(rows: Row[]): Promise<void> {
    const byMonth = Map.groupBy(rows, ({ day }) => day.slice(0, 7))
    for (const month of byMonth.keys()) await ensureMonth(month)
    await transaction(pool, async client => {
      for (const month of [...byMonth.keys()].sort()) await copyRows(client, month, byMonth.get(month) ?? [])
      await addSums(client, rows)
      await addPerformance(client, rows)
    })
  }

  async function ensureMonth(month: string): Promise<void> {
    if (months.has(month)) return
    await pool.query('select ensure_calls_month($1)', [`${month}-01`])
    months.add(month)
  }

  async function withoutRepeats(rows: Readable[]): Promise<Readable[]> {
    const byId = new Map(rows.map(one => [keyOf(one.row), one]))
    const keys = [...byId.values()].map(({ row }) => row)
    const { rows: known } = await pool.query<{ id: string; seq: 0 | 1; day: string }>(
      `select id, seq, day::text from calls
       join unnest($1::text[], $2::int[], $3::date[]) as repeated(id, seq, day) using (id, seq, day)`,
      [keys.map(({ id }) => id), keys.map(({ seq }) => seq), keys.map(({ day }) => day)],
    )
    for (const row of known) byId.delete(keyOf(row))
    return [...byId.values()]
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

/**
 * COPY into a partition of `calls` writes many rows at a time, and fires no trigger of `calls`, which counts the rows of
 * older replicas.
 */
function copyRows(client: PoolClient, month: string, rows: Row[]): Promise<void> {
  let lines = ''
  for (const row of rows) lines += copyLine(row)
  return copyInto(client, `calls_${month.replace('-', '_')}`, columns, lines)
}

function keyOf({ id, seq, day }: Pick<Row, 'id' | 'seq' | 'day'>): string {
  return `${id} ${seq} ${day}`
}

const hasCode = (error: unknown, code: RegExp) =>
  error instanceof DatabaseError && code.test(error.code ?? '')

/** SQLSTATE class 22: the value is invalid, so a retry cannot succeed. All other errors are retried. */
const isAboutData = (error: unknown) => hasCode(error, /^22/)
/** A row is in the table already, or twice in the batch. */
const isRepeat = (error: unknown) => hasCode(error, /^23505$/)
/** The month was pruned after this replica created its partition. */
const isWithoutPartition = (error: unknown) => hasCode(error, /^42P01$/)
