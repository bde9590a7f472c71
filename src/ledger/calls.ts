/** The ledger, read: its rows newest first, a page at a time, and one call with its correction. */

import type { Pool } from 'pg'
import { nanosToUsd } from '../money.ts'
import { column, facts } from './entry.ts'

export interface CallsQuery {
  /** A client's name, now or on the day, or its id. */
  client?: string
  model?: string
  outcome?: string
  /** Admission, half-open. */
  from?: Date
  to?: Date
  /** Where the page before ended. */
  after?: Place
  limit: number
}

/** A row's place in the order of the list. */
export interface Place {
  at: string
  id: string
  seq: number
}

/** A row as it is shown: names as in the log, money in US dollars. */
export type Call = Place & { [fact: string]: unknown }

export interface Calls {
  calls: Call[]
  /** Undefined on the last page. */
  next: Place | undefined
}

const SELECT = `select id, seq, at, cost_nanos, held_nanos, ${Object.keys(facts).map(column).join(', ')} from calls`
const NEWEST_FIRST = 'order by at desc, id desc, seq desc'

/** A row that comes in later may stand before a page already read, but moves no other: none is shown twice or left out. */
export async function listCalls(pool: Pool, query: CallsQuery): Promise<Calls> {
  const values: unknown[] = []
  const conditions: string[] = []
  const where = (condition: string, ...given: unknown[]) => {
    conditions.push(condition.replaceAll(/\$(\d)/g, (_, n) => `$${values.length + Number(n)}`))
    values.push(...given)
  }
  const { client, model, outcome, from, to, after, limit } = query
  if (client !== undefined) {
    const ids = await clientIds(pool, client)
    if (ids.length === 0) return { calls: [], next: undefined }
    // One id is read in order from its index; several are rare: a name given twice.
    if (ids.length === 1) where('client_id = $1', ids[0])
    else where('client_id = any($1)', ids)
  }
  if (model !== undefined) where('model = $1', model)
  if (outcome !== undefined) where('outcome = $1', outcome)
  // The day beside the time keeps other months' partitions out of it.
  if (from) where('at >= $1 and day >= $2', from, utcDay(from))
  if (to) where('at < $1 and day <= $2', to, utcDay(to))
  if (after) {
    where('(at, id, seq) < ($1, $2, $3) and day <= $4', after.at, after.id, after.seq, after.at.slice(0, 10))
  }
  const filter = conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''
  const { rows } = await pool.query(`${SELECT} ${filter} ${NEWEST_FIRST} limit ${limit + 1}`, values)
  const calls = rows.slice(0, limit).map(shown)
  const last = calls.at(-1)
  return {
    calls,
    next: rows.length > limit && last ? { at: last.at, id: last.id, seq: last.seq } : undefined,
  }
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

/** The same of a team. */
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
