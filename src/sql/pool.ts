/** Connections to Postgres that may end at any time: the next query rejects, and nothing else happens. */

import { Pool, type PoolConfig } from 'pg'

/** `onEnd` learns of idle connections that ended. Without a listener the driver’s error ends the process. */
export function openPool(config: PoolConfig, onEnd: (error: Error) => void = () => {}): Pool {
  const pool = new Pool(config)
  pool.on('error', onEnd)
  // The pool does not listen to a connection in use, which may end between two queries of a transaction.
  pool.on('connect', client => client.on('error', () => {}))
  return pool
}
