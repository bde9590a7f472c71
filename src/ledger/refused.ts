/** Reads refusals by time, and the samples of single refused calls. */

import type { Pool } from 'pg'
import type { Static } from 'typebox'
import { REFUSED, type RefusalFilter } from './refusals.ts'
import type { refusalsResponse, refusedCall } from './responses.ts'

export const steps = { minute: 60_000, hour: 3_600_000, day: 86_400_000 }
export type Step = keyof typeof steps

/** The step for a range. A chart of the range stays readable. */
export function stepFor(from: Date, to: Date): Step {
  const length = to.getTime() - from.getTime()
  if (length <= 3 * steps.hour) return 'minute'
  return length <= 4 * steps.day ? 'hour' : 'day'
}

type RefusedThen = Static<typeof refusalsResponse>['series'][number]

export async function readRefusedOverTime(
  pool: Pool,
  [from, to]: [Date, Date],
  { clientIds, reason }: RefusalFilter,
): Promise<RefusedThen[]> {
  const { rows } = await pool.query(
    `select date_trunc($5, minute, 'UTC') as at, reason, sum(count) as count
     from refusals where ${REFUSED} group by 1, 2 order by 1, 2`,
    [from, to, clientIds, reason, stepFor(from, to)],
  )
  return rows.map(row => ({ at: row.at.toISOString(), reason: row.reason, count: Number(row.count) }))
}

/** A refused call. It has no row in the ledger, only a sample. */
export type Refused = Static<typeof refusedCall>

const ONE =
  'select client, reason, scope, sample from refusals cross join jsonb_array_elements(samples) sample'

/** The newest samples, in descending order of time. */
export async function readRefused(
  pool: Pool,
  [from, to]: [Date, Date],
  { clientIds, reason }: RefusalFilter,
  limit: number,
): Promise<Refused[]> {
  const { rows } = await pool.query(
    `with latest as (select * from refusals where ${REFUSED} order by minute desc limit $5)
     ${ONE.replace('refusals', 'latest refusals')} order by sample ->> 'at' desc limit $5`,
    [from, to, clientIds, reason, limit],
  )
  return rows.map(shown)
}

/** Undefined: the call was not refused, or it has no sample. */
export async function findRefused(pool: Pool, reqId: string): Promise<Refused | undefined> {
  const { rows } = await pool.query(`${ONE} where samples @> $1 and sample ->> 'reqId' = $2`, [
    JSON.stringify([{ reqId }]),
    reqId,
  ])
  return rows[0] && shown(rows[0])
}

function shown({ client, reason, scope, sample }: Record<string, string> & Pick<Refused, 'sample'>): Refused {
  return { client: client || null, reason: reason ?? '', scope: scope || null, sample }
}
