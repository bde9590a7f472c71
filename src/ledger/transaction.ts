/** One transaction on one connection: committed when the work is done, undone when it fails. */

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
    // The connection is not used again: what is open on it is undone with its end.
    client.release(true)
    throw error
  }
}
