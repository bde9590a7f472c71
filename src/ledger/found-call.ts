/** Reads one call of the ledger, with all its charged attempts and their corrections. */

import type { Pool } from 'pg'
import { nanosToUsd } from '../pricing/money.ts'
import { attemptIds, callIdOf } from './attempt-ids.ts'
import { SELECT, shown } from './calls.ts'
import type { Call } from './responses.ts'

export interface ChargedAttempt {
  id: string
  costUsd: number
  /** The charge, and its correction if there is one. */
  rows: Call[]
}

/** `costUsd`: of all attempts. `rows`: of the last one. */
export interface FoundCall extends ChargedAttempt {
  attempts: ChargedAttempt[]
}

/** Takes the id of the call, or of any of its charged attempts. Undefined: the call does not exist. */
export async function findCall(pool: Pool, id: string): Promise<FoundCall | undefined> {
  const ids = attemptIds(id)
  const { rows } = await pool.query(`${SELECT} where id = any($1) order by seq`, [ids])
  const attempts = ids.flatMap(one => {
    const own = rows.filter(row => row.id === one)
    return own.length > 0 ? [{ id: one, costUsd: sumUsd(own), rows: own.map(shown) }] : []
  })
  const last = attempts.at(-1)
  return last && { id: callIdOf(id), costUsd: sumUsd(rows), rows: last.rows, attempts }
}

/** Added as integers, because a sum of doubles has rounding errors. */
function sumUsd(rows: Record<string, unknown>[]): number {
  return nanosToUsd(rows.reduce((sum, { cost_nanos }) => sum + Number(cost_nanos), 0))
}
