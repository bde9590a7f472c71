/**
 * Counts refusals per client, reason and minute, with a few samples. Unauthenticated requests can cause any number of
 * refusals, so the number of clients and reasons bounds the counts in memory and in the database.
 */

import type { Pool } from 'pg'
import type { Static } from 'typebox'
import type { Entry } from './call-record.ts'
import type { refusals } from './responses.ts'

export interface Refusals {
  /** The start of the minute, RFC 3339. */
  minute: string
  /** Empty for unauthenticated requests. */
  clientId: string
  client: string
  reason: string
  scope: string
  count: number
  samples: Sample[]
}

/** The details of one refused call. */
export type Sample = RefusalRow['samples'][number]

const SAMPLES = 5
const SAMPLE_TEXT = 200
const TEXT = 100

export interface RefusalCounter {
  count(entry: Entry, now: number): void
  /** Returns the counts since the last call. */
  take(): Refusals[]
  /** Adds counts again that could not be written. */
  putBack(batch: Refusals[]): void
  /** Number of refusals that were dropped, because one flush had more than `limit` kinds. */
  readonly uncounted: number
}

export function createRefusalCounter(limit: number): RefusalCounter {
  let kinds = new Map<string, Refusals>()
  let uncounted = 0

  function add(refusals: Refusals) {
    const key = JSON.stringify([refusals.minute, refusals.clientId, refusals.reason, refusals.scope])
    const known = kinds.get(key)
    if (known) {
      known.count += refusals.count
      if (known.samples.length < SAMPLES)
        known.samples = [...known.samples, ...refusals.samples].slice(0, SAMPLES)
    } else if (kinds.size < limit) kinds.set(key, refusals)
    else uncounted += refusals.count
  }

  return {
    count(entry, now) {
      add({
        minute: new Date(now - (now % 60_000)).toISOString(),
        clientId: entry.clientId ?? '',
        client: entry.client ?? '',
        reason: entry.refusal ?? entry.outcome,
        scope: short(entry.scope ?? '', TEXT),
        count: 1,
        samples: [sampleOf(entry, now)],
      })
    },
    take() {
      const batch = [...kinds.values()]
      kinds = new Map()
      return batch
    },
    putBack(batch) {
      for (const refusals of batch) add(refusals)
    },
    get uncounted() {
      return uncounted
    },
  }
}

/** Shortens texts that come from an unauthenticated request. */
function sampleOf({ reqId, key, route, model, status, error }: Entry, now: number): Sample {
  const words = Object.entries({ reqId, key, route, model, error })
  return {
    at: new Date(now).toISOString(),
    status,
    ...Object.fromEntries(words.flatMap(([name, word]) => (word ? [[name, short(word, SAMPLE_TEXT)]] : []))),
  }
}

function short(words: string, length: number): string {
  const cut = words.length > length ? `${words.slice(0, length)}…` : words
  return cut.toWellFormed().replaceAll('\0', '\ufffd')
}

/** Adds a batch to the table. Every replica uses the same order, so that there is no deadlock. */
export async function countRefusals(pool: Pool, batch: Refusals[]): Promise<void> {
  if (batch.length === 0) return
  await pool.query(
    `insert into refusals as kept (client_id, reason, scope, minute, client, count, samples)
     select "clientId", reason, scope, minute, client, count, samples
     from jsonb_to_recordset($1) as batch(minute timestamptz, "clientId" text, reason text, scope text,
                                          client text, count bigint, samples jsonb)
     order by 1, 2, 3, 4
     on conflict (client_id, reason, scope, minute) do update
     set count = kept.count + excluded.count, client = excluded.client,
         samples = jsonb_path_query_array(kept.samples || excluded.samples, '$[0 to ${SAMPLES - 1}]')`,
    [JSON.stringify(batch)],
  )
}

export type RefusalRow = Static<typeof refusals>

/** Optional filter. */
export interface RefusalFilter {
  clientIds?: string[] | undefined
  reason?: string | undefined
}

/** $1 and $2: two times, half-open; $3 and $4: a filter. */
export const REFUSED = `minute >= $1 and minute < $2
  and ($3::text[] is null or client_id = any($3)) and ($4::text is null or reason = $4)`

/** Counts refusals by client and reason between two times (half-open), in descending order. */
export async function readRefusals(
  pool: Pool,
  from: string,
  to: string,
  limit: number,
  { clientIds, reason }: RefusalFilter = {},
): Promise<RefusalRow[]> {
  const { rows } = await pool.query(
    `select kinds.*, latest.client, latest.samples
     from (select client_id, reason, scope, sum(count) as count, min(minute) as first_at, max(minute) as last_at
           from refusals where ${REFUSED}
           group by client_id, reason, scope order by 4 desc, 1, 2, 3 limit $5) kinds
     join refusals latest using (client_id, reason, scope)
     where latest.minute = kinds.last_at
     order by kinds.count desc, client_id, reason, scope`,
    [from, to, clientIds, reason, limit],
  )
  return rows.map(row => ({
    client: row.client || null,
    clientId: row.client_id || null,
    reason: row.reason,
    scope: row.scope || null,
    count: Number(row.count),
    firstAt: row.first_at.toISOString(),
    lastAt: row.last_at.toISOString(),
    samples: row.samples,
  }))
}
