/** Reads the entries that wait in the stream, as the rows that the ledger will have. */

import type { Cluster, Redis } from 'ioredis'
import type { PoolClient } from 'pg'
import { type Row, readEntry, type StreamEntry } from './entry.ts'
import { readPending } from './stream.ts'

/** Rows by call and sequence, so that a repeated entry is one row. */
export type Pending = Map<string, Row>

/** Reads the stream up to an id. Each read continues at the end of the last one. */
export function followStream(redis: Redis | Cluster): (lastId: string) => Promise<Pending> {
  const pending: Pending = new Map()
  let next = '-'
  return async lastId => {
    if (lastId === '0-0') return pending
    for await (const page of readPending(redis, next, lastId)) {
      for (const row of page.flatMap(readable)) pending.set(rowKey(row), row)
    }
    next = `(${lastId}`
    return pending
  }
}

/** An unreadable entry goes into quarantine, so the ledger never has it and it does not count. */
function readable(entry: StreamEntry): Row[] {
  try {
    return [readEntry(entry)]
  } catch {
    return []
  }
}

/** Removes the rows that this transaction finds in the ledger. */
export async function dropRecorded(client: PoolClient, pending: Pending): Promise<void> {
  if (pending.size === 0) return
  const rows = [...pending.values()]
  const arrived = await client.query<{ id: string; seq: number }>(
    `select id, seq from calls
     join unnest($1::text[], $2::int[], $3::date[]) as pending(id, seq, day) using (id, seq, day)`,
    [rows.map(({ id }) => id), rows.map(({ seq }) => seq), rows.map(({ day }) => day)],
  )
  for (const row of arrived.rows) pending.delete(rowKey(row))
}

function rowKey({ id, seq }: { id: string; seq: number }): string {
  return `${id} ${seq}`
}
