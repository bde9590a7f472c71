/**
 * Brings the database to the newest schema: the numbered files of `src/sql`, each once, all that are missing in one
 * transaction. Replicas that start together wait for each other; one that is older than the schema changes nothing.
 */

import { readdir, readFile } from 'node:fs/promises'
import { Client } from 'pg'
import { OLDEST_POSTGRES, StoreFault } from './store-faults.ts'

const FOLDER = new URL('../sql/', import.meta.url)

/** Returns the names of the applied files. Rejects with Postgres's own error or a StoreFault; then nothing has changed. */
export async function migrate(databaseUrl: string, folder = FOLDER): Promise<string[]> {
  const migrations = await readMigrations(folder)
  const client = new Client({ connectionString: databaseUrl, connectionTimeoutMillis: 5000 })
  // The connection may end between two statements; the statement after it rejects.
  client.on('error', () => {})
  try {
    await client.connect()
    await checkVersion(client)
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
    await checkRights(client)
    await client.query('commit')
    return missing.map(({ name }) => name)
  } finally {
    await client.end()
  }
}

async function checkVersion(client: Client): Promise<void> {
  const { rows } = await client.query<{ server_version: string }>('show server_version')
  const version = rows[0]?.server_version ?? ''
  if (Number.parseInt(version, 10) >= OLDEST_POSTGRES) return
  throw new StoreFault({
    found: `Postgres ${version}`,
    expected: `Postgres ${OLDEST_POSTGRES} or newer`,
    fix: 'Upgrade it, or use another one.',
  })
}

/** A role that may read the tables of another owner may still not be allowed to write them. */
async function checkRights(client: Client): Promise<void> {
  const { rows } = await client.query<{ relname: string }>(
    'select relname from pg_class join (select relowner as owner, relnamespace as schema from pg_class ' +
      `where oid = 'migrations'::regclass) ours on relowner = owner and relnamespace = schema where relkind in ('r', 'p') and not ` +
      `(has_table_privilege(oid, 'select') and has_table_privilege(oid, 'insert') and has_table_privilege(oid, 'update')) limit 3`,
  )
  if (rows.length === 0) return
  const tables = rows.map(({ relname }) => relname).join(', ')
  throw new StoreFault({
    found: `a user that may not read and write all tables (${tables})`,
    expected: 'the owner of the database and its tables',
    fix: 'Run: GRANT SELECT, INSERT, UPDATE, DELETE ON ALL TABLES IN SCHEMA public to this user, or use the owner.',
  })
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
