/** Reads the entries that wait in the stream, as charges that the ledger will have. */

import type { Cluster, Redis } from 'ioredis'
import type { PoolClient } from 'pg'
import { readEntry, type StreamEntry } from './entry.ts'
import type { Charge } from './spent.ts'
import { readPending } from './stream.ts'

/** Charges by call and sequence, so that a repeated entry is one charge. */
export type Pending = Map<string, PendingCharge>

type PendingCharge = Charge & { id: string; seq: number }

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
function readable(entry: StreamEntry): PendingCharge[] {
  try {
    const { id, seq, day, costNanos, facts } = readEntry(entry)
    return [{ id, seq, day, cost_nanos: costNanos, client_id: facts.clientId, team_id: facts.teamId }]
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
