/** Runs a statement that a request waits for. A database that does not answer in time counts as away. */

import { DatabaseError, type Pool, type QueryConfig, type QueryResultRow } from 'pg'

/** Milliseconds. */
const PATIENCE = 2000

/** The types of pg lack this option. After this time the query rejects, and its connection is closed. */
interface TimedQuery extends QueryConfig {
  query_timeout: number
}

export async function query<Row extends QueryResultRow>(
  pool: Pool,
  text: string,
  values: unknown[] = [],
): Promise<Row[]> {
  const timed: TimedQuery = { text, values, query_timeout: PATIENCE }
  const { rows } = await pool.query<Row>(timed)
  return rows
}

/** Messages of the driver for a broken connection. */
const BROKEN =
  /^(connection terminated|timeout expired|timeout exceeded when trying to connect|query read timeout|client has encountered|client was closed)/i

/** Postgres is unreachable, starting, stopping, out of connections, or reports a deadlock. A retry may succeed. */
export function isAway(error: unknown): boolean {
  if (error instanceof DatabaseError) return /^(08|40|53|55|57)/.test(error.code ?? '')
  // The driver tried each address of the host name.
  if (error instanceof AggregateError) return error.errors.every(isAway)
  if (!(error instanceof Error)) return false
  const isNetwork = 'syscall' in error && /^(connect|read|write|getaddrinfo)/.test(String(error.syscall))
  return isNetwork || BROKEN.test(error.message)
}

/** Another row has this value already. */
export function isTaken(error: unknown, constraint: string): boolean {
  return error instanceof DatabaseError && error.code === '23505' && error.constraint === constraint
}
