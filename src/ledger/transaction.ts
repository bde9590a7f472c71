/** Runs `work` in a transaction. It commits, or rolls back if `work` rejects. */

import type { Pool, PoolClient } from 'pg'

export async function transaction<T>(
  pool: Pool,
  work: (client: PoolClient) => Promise<T>,
  mode: '' | 'isolation level repeatable read read only' = '',
): Promise<T> {
  const client = await pool.connect()
  try {
    await client.query(`begin ${mode}`)
    const result = await work(client)
    await client.query('commit')
    client.release()
    return result
  } catch (error) {
    // The connection is closed, so Postgres rolls back.
    client.release(true)
    throw error
  }
}
