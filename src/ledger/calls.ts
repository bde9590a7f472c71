/** Reads the ledger's rows, sorted and in pages. */

import type { Pool } from 'pg'
import { utcDay } from '../lua/calendar.ts'
import { nanosToUsd } from '../pricing/money.ts'
import { attemptIds } from './attempt-ids.ts'
import { facts } from './call-record.ts'
import { column } from './entry.ts'
import { keysOf, nameOf, type Order, type Place, type Sort, sorts } from './order.ts'
import type { Call } from './responses.ts'

export interface CallsQuery {
  /** A request id, or the id of one of its charged attempts. */
  id?: string
  /** A client's present name, its name on the day of the call, or its id. */
  client?: string
  /** A team's id, or its name at the time of the call. */
  team?: string
  /** The public id of a key. */
  key?: string
  /** Such as `404`, or `4xx` for a class. */
  status?: string
  model?: string
  outcome?: string
  /** Range of the admission time, half-open. */
  from?: Date
  to?: Date
  /** `time` if absent. */
  sort?: Sort
  /** `desc` if absent. */
  order?: Order
  /** The end of the previous page. */
  after?: Place
  limit: number
}

export interface Calls {
  calls: Call[]
  /** Undefined on the last page. */
  next: Place | undefined
}

/** Selects all rows; callers add a condition. */
export const SELECT = `select id, seq, at, cost_nanos, held_nanos, ${Object.keys(facts).map(column).join(', ')} from calls`

/** Pages start after a row, not at a number of rows. A new row on an earlier page therefore neither repeats nor hides another row. */
export async function listCalls(pool: Pool, query: CallsQuery): Promise<Calls> {
  const values: unknown[] = []
  const conditions: string[] = []
  const where = (condition: string, ...given: unknown[]) => {
    conditions.push(condition.replaceAll(/\$(\d)/g, (_, n) => `$${values.length + Number(n)}`))
    values.push(...given)
  }
  const {
    id,
    client,
    team,
    key,
    status,
    model,
    outcome,
    from,
    to,
    sort,
    order = 'desc',
    after,
    limit,
  } = query
  if (id !== undefined) where('id = any($1)', attemptIds(id))
  if (client !== undefined) {
    const ids = await clientIds(pool, client)
    if (ids.length === 0) return { calls: [], next: undefined }
    // Postgres reads one id in order from its index. Several ids are rare: two clients had the same name.
    if (ids.length === 1) where('client_id = $1', ids[0])
    else where('client_id = any($1)', ids)
  }
  if (team !== undefined) where('(team = $1 or team_id = $1)', team)
  if (key !== undefined) {
    where('key = $1', key)
    // Old partitions have no index on keys, so the key's client is in the filter too.
    const { rows } = await pool.query('select client_id from keys where id = $1', [key])
    if (rows[0]) where('client_id = $1', rows[0].client_id)
  }
  if (status !== undefined) conditions.push(statusCondition(status))
  if (model !== undefined) where('model = $1', model)
  if (outcome !== undefined) where('outcome = $1', outcome)
  // The filter on the day excludes the partitions of other months.
  if (from) where('at >= $1 and day >= $2', from, utcDay(from))
  if (to) where('at < $1 and day <= $2', to, utcDay(to))
  const keys = keysOf(sort)
  if (after) {
    const places = [...(keys.length > 3 ? [after.value] : []), after.at, after.id, after.seq]
    const compared = `(${keys.join(', ')}) ${order === 'asc' ? '>' : '<'} (${places.map((_, i) => `$${i + 1}`).join(', ')})`
    where(compared, ...places)
    if (keys.length === 3) where(`day ${order === 'asc' ? '>=' : '<='} $1`, after.at.slice(0, 10))
  }
  const filter = conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''
  const { rows } = await pool.query(
    `${select(sort)} ${filter} order by ${keys.map(one => `${one} ${order}`).join(', ')} limit ${limit + 1}`,
    values,
  )
  const found = rows.slice(0, limit)
  const last = found.at(-1)
  return {
    calls: found.map(shown),
    next: rows.length > limit ? placeOf(last, nameOf(sort, order)) : undefined,
  }
}

/** Selects the sort value as well, since the next page begins after it. */
function select(sort: Sort = 'time'): string {
  return sorts[sort] ? SELECT.replace(' from calls', `, ${sorts[sort]} as sorted_by from calls`) : SELECT
}

function placeOf(row: Record<string, unknown>, by: string | undefined): Place {
  const { at, id, seq } = shown(row)
  return { at, id, seq, ...(by !== undefined && { by, value: Number(row.sorted_by ?? 0) }) }
}

/** Literals instead of parameters, so that Postgres can use the partial index on failed calls. */
function statusCondition(status: string): string {
  const first = Number(status.replace('xx', '00'))
  return status.endsWith('xx') ? `status >= ${first} and status < ${first + 100}` : `status = ${first}`
}

/** The ids of clients with this name, now or on a day with calls. */
export async function clientIds(pool: Pool, client: string): Promise<string[]> {
  const { rows } = await pool.query(
    `select id from clients where name = $1 or id = $1
     union select client_id from usage_daily where client = $1 or client_id = $1`,
    [client],
  )
  return rows.map(({ id }) => id)
}

/** The ids of a team, by name or id. */
export async function teamIds(pool: Pool, team: string): Promise<string[]> {
  const { rows } = await pool.query(
    `select id from teams where name = $1 or id = $1
     union select team_id from usage_daily where team_id = $1`,
    [team],
  )
  return rows.map(({ id }) => id)
}

export function shown({ id, seq, at, cost_nanos, held_nanos, ...row }: Record<string, unknown>): Call {
  const call: Call = {
    id: String(id),
    seq: Number(seq),
    at: at instanceof Date ? at.toISOString() : String(at),
    costUsd: usd(cost_nanos),
    heldUsd: usd(held_nanos),
  }
  for (const fact of Object.keys(facts)) {
    const value = row[column(fact)]
    if (fact === 'savedNanos') call.savedUsd = usd(value)
    else if (value !== null) call[fact] = fact.endsWith('Tokens') ? Number(value) : value
  }
  return call
}

function usd(nanos: unknown): number {
  return nanosToUsd(Number(nanos))
}
