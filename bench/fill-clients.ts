/** Creates up to millions of clients. The bench knows the keys of some of them. */

import type { Pool } from 'pg'
import { readSecret } from '../src/clients/client-rows.ts'
import { makeKey } from '../src/clients/keys.ts'

const bucket = (capacity: number) => ({ capacity, per: '1m' })
const limits = { requests: bucket(1_000_000), tokens: bucket(1_000_000_000), concurrency: 10_000 }
const settings = { limits, budget: { day: 1_000_000, month: 5_000_000 } }
const level = JSON.stringify(settings)
const client = JSON.stringify({
  ...settings,
  models: ['claude-haiku-*'],
  loop: { identical: 1000, per: '1m' },
})
const TEAMS = 100
/** A prime that spreads numbers over the range below a million. */
const STRIDE = 7919

/** Replaces all clients by that many. Returns valid keys of some of them, spread over all. */
export async function fillClients(pool: Pool, size: number, usable: number): Promise<string[]> {
  const secret = await readSecret(pool, 'key-checksum')
  await pool.query('truncate keys, clients, teams')
  await pool.query('update gateway set settings = $1', [level])
  await pool.query(
    `insert into teams (id, name, settings) select 'tm_' || n, 'team-' || n, $1 from generate_series(0, $2 - 1) n`,
    [level, TEAMS],
  )
  await pool.query(
    `insert into clients (id, name, team_id, settings)
     select 'cl_' || n, 'client-' || n, 'tm_' || n % $3, $1 from generate_series(0, $2 - 1) n`,
    [client, size, TEAMS],
  )
  const made = Array.from({ length: Math.min(size, usable) }, (_, index) => ({
    ...makeKey(secret),
    clientId: `cl_${(index * STRIDE) % size}`,
  }))
  await pool.query(
    'insert into keys (id, client_id, sha256) select * from unnest($1::text[], $2::text[], $3::bytea[])',
    [made.map(({ id }) => id), made.map(({ clientId }) => clientId), made.map(({ sha256 }) => sha256)],
  )
  // Keys of the other clients. No caller has them, but they make the table as large as a real one.
  await pool.query(
    `insert into keys (id, client_id, sha256)
     select substr(md5(id), 1, 10), id, sha256(id::bytea) from clients
     where not exists (select from keys where client_id = clients.id)`,
  )
  await pool.query('analyze')
  return made.map(({ key }) => key)
}
