/**
 * Brings the database to the newest schema: the numbered files of `src/sql`, each once, all that are missing in one
 * transaction. Replicas that start together wait for each other; one that is older than the schema changes nothing.
 */

import { readdir, readFile } from 'node:fs/promises'
import { Client } from 'pg'

const FOLDER = new URL('sql/', import.meta.url)

/** The names of what was applied. Rejects with Postgres's own error, and then nothing has changed. */
export async function migrate(databaseUrl: string, folder = FOLDER): Promise<string[]> {
  const migrations = await readMigrations(folder)
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5000 })
  // The connection may end between two statements; the statement after it rejects.
  client.on('error', () => {})
  await client.connect()
  try {
    await client.query('begin')
    await client.query(`select pg_advisory_xact_lock(hashtext('tollgate:migrations'))`)
    await client.query(
      'create table if not exists migrations ' +
        '(number integer primary key, name text not null, applied_at timestamptz not null default now())',
    )
    const { rows } = await client.query<{ number: number }>('select number from migrations')
    const applied = new Set(rows.map(({ number }) => number))
    const missing = migrations.filter(({ number }) => !applied.has(number))
    for (const { number, name, sql } of missing) {
      await client.query(sql).catch(error => {
        throw Object.assign(error, { message: `${name}: ${error.message}` })
      })
      await client.query('insert into migrations (number, name) values ($1, $2)', [number, name])
    }
    await client.query('commit')
    return missing.map(({ name }) => name)
  } finally {
    await client.end()
  }
}

async function readMigrations(folder: URL) {
  const names = (await readdir(folder)).filter(name => /^\d{3}_\w+\.sql$/.test(name)).sort()
  return Promise.all(
    names.map(async name => ({
      number: Number(name.slice(0, 3)),
      name,
      sql: await readFile(new URL(name, folder), 'utf8'),
    })),
  )
}
