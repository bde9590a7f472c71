/** Reads the ledger: its rows in an order, one page at a time, and one call with its correction. */

import type { Pool } from 'pg'
import { nanosToUsd } from '../pricing/money.ts'
import { column, facts } from './entry.ts'
import { keysOf, nameOf, type Order, type Place, type Sort, sorts } from './order.ts'

export interface CallsQuery {
  /** A request id. */
  id?: string
  /** A client's name, now or on the day, or its id. */
  client?: string
  /** A team's id, or its name at the time of the call. */
  team?: string
  /** The public id of a key. */
  key?: string
  /** Such as `404`, or `4xx` for all of them. */
  status?: string
  model?: string
  outcome?: string
  /** Admission, half-open. */
  from?: Date
  to?: Date
  /** `time` if absent. */
  sort?: Sort
  /** `desc` if absent. */
  order?: Order
  /** Where the page before ended. */
  after?: Place
  limit: number
}

/** A row as it is shown: names as in the log, money in US dollars. */
export type Call = { at: string; id: string; seq: number } & { [fact: string]: unknown }

export interface Calls {
  calls: Call[]
  /** Undefined on the last page. */
  next: Place | undefined
}

const SELECT = `select id, seq, at, cost_nanos, held_nanos, ${Object.keys(facts).map(column).join(', ')} from calls`

/** A row that comes in later may stand before a page already read, but moves no other: none is shown twice or left out. */
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
  if (id !== undefined) where('id = $1', id)
  if (client !== undefined) {
    const ids = await clientIds(pool, client)
    if (ids.length === 0) return { calls: [], next: undefined }
    // One id is read in order from its index; several are rare: a name given twice.
    if (ids.length === 1) where('client_id = $1', ids[0])
    else where('client_id = any($1)', ids)
  }
  if (team !== undefined) where('(team = $1 or team_id = $1)', team)
  if (key !== undefined) {
    where('key = $1', key)
    // Partitions without an index on keys are read through the key's client.
    const { rows } = await pool.query('select client_id from keys where id = $1', [key])
    if (rows[0]) where('client_id = $1', rows[0].client_id)
  }
  if (status !== undefined) conditions.push(statusCondition(status))
  if (model !== undefined) where('model = $1', model)
  if (outcome !== undefined) where('outcome = $1', outcome)
  // The day beside the time keeps other months' partitions out of it.
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

/** The charge, then its correction where there is one, and what both come to. Undefined: there is no such call. */
export async function findCall(
  pool: Pool,
  id: string,
): Promise<{ id: string; costUsd: number; rows: Call[] } | undefined> {
  const { rows } = await pool.query(`${SELECT} where id = $1 order by seq`, [id])
  if (rows.length === 0) return undefined
  // Added as whole nanos: a sum of doubles would show their rounding.
  const nanos = rows.reduce((sum, { cost_nanos }) => sum + Number(cost_nanos), 0)
  return { id, costUsd: nanosToUsd(nanos), rows: rows.map(shown) }
}

/** Whoever bears this name, or bore it on a day it made calls. */
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

function shown({ id, seq, at, cost_nanos, held_nanos, ...row }: Record<string, unknown>): Call {
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

export function utcDay(time: Date): string {
  return time.toISOString().slice(0, 10)
}
