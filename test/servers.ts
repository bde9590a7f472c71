/**
 * Real servers for tests.
 *
 *     const { url } = await testRedis(t)        a private, empty database of the suite's Redis
 *     const { url } = await testDatabase(t)     a private database of the suite's Postgres, with the gateway's schema
 *     const redis = await ownRedis(t)           a Redis process of the test's own, to kill and restart
 *     const postgres = await ownPostgres(t)     a Postgres of the test's own, to stop and start
 *
 * All are gone at the end of the test `t`, also when it fails. What concerns the whole server (FLUSHALL, CONFIG SET,
 * SCRIPT FLUSH, CLIENT KILL, DEBUG) needs a server of one's own.
 */

import { randomInt, randomUUID } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { after } from 'node:test'
import type { Pool, PoolConfig } from 'pg'
import { findRedis } from '../src/embedded/find-redis.ts'
import { startPostgres } from '../src/embedded/postgres.ts'
import { redisReplies, unixUrl } from '../src/embedded/redis.ts'
import { launch } from '../src/embedded/supervise.ts'
import { connectRedis } from '../src/redis/connect.ts'
import * as pools from '../src/sql/pool.ts'
import {
  alreadyStarted,
  cache,
  databases,
  fast,
  migrated,
  quiet,
  type SharedServers,
  startSharedServers,
  urlOf,
} from './setup.ts'
import { type Context, temporaryFolder, whenOver } from './when-over.ts'

export { temporaryFolder }

/** The suite's servers, or, in a file that is run by itself, this file's. */
let shared: Promise<SharedServers> | undefined
/** Creates and drops databases. A connection for each statement would take Postgres a tenth of the time of a test. */
let administration: Pool | undefined
after(async () => {
  await administration?.end()
  await (await shared)?.stop()
})

async function sharedServers(): Promise<SharedServers> {
  shared ??= Promise.resolve(alreadyStarted() ?? startSharedServers())
  return shared
}

/** `url` is a REDIS_URL: `unix:///…/redis.sock?db=3`, or `redis://127.0.0.1:6379/3` in containers. */
export async function testRedis(t: Context): Promise<{ url: string }> {
  const { redisUrl } = await sharedServers()
  // Database 0 holds the counter that gives each test a number of its own, in whichever process it runs.
  const counter = connectRedis(redisUrl)
  const number = await counter.incr('tests')
  counter.disconnect()
  const db = 1 + (number % (databases - 1))
  const url = redisUrl.startsWith('unix:') ? `${redisUrl}?db=${db}` : `${redisUrl}/${db}`
  whenOver(t, async () => {
    const redis = connectRedis(url)
    await redis.flushdb()
    redis.disconnect()
  })
  return { url }
}

/** A copy of the database `template`; `url` is a DATABASE_URL. Connections that a test has left open are ended by force. */
export async function testDatabase(t: Context, template = migrated): Promise<{ url: string }> {
  const { databaseUrl } = await sharedServers()
  const name = `test_${randomUUID().replaceAll('-', '')}`
  administration ??= pools.openPool({ connectionString: databaseUrl, max: 2, allowExitOnIdle: true })
  const pool = administration
  // Without a copy in the write-ahead log it takes half of Postgres's time.
  await pool.query(`create database ${name} template ${template} strategy file_copy`)
  whenOver(t, () => pool.query(`drop database ${name} with (force)`))
  return { url: urlOf(databaseUrl, name) }
}

/** A database without tables. */
export function emptyDatabase(t: Context): Promise<{ url: string }> {
  return testDatabase(t, 'template0')
}

export interface OwnRedisOptions {
  /** A TCP port on the loopback instead of a socket: for nodes of a cluster, replicas, sentinels. See `freePort`. */
  port?: number
  /** Redis's own options, as on its command line: `['--appendfsync', 'always']`, `['--sentinel']`. */
  args?: readonly string[]
  /** Lines of its configuration file, which it may rewrite: `['sentinel monitor main 127.0.0.1 6379 1']`. */
  config?: readonly string[]
}

export interface OwnRedis {
  /** A REDIS_URL; the same after a restart. */
  url: string
  socket: string
  readonly pid: number
  /** SIGKILL: what the append-only file does not hold yet is lost. */
  kill9(): Promise<void>
  stop(): Promise<void>
  /** Starts it again with the data it had, after stopping it if it runs. */
  restart(): Promise<void>
}

export async function ownRedis(t: Context, options: OwnRedisOptions = {}): Promise<OwnRedis> {
  const { port, args = [], config = [] } = options
  const folder = await temporaryFolder(t)
  const configFile = join(folder, 'redis.conf')
  const socket = join(folder, 'redis.sock')
  await writeFile(configFile, config.map(line => `${line}\n`).join(''))
  const program = await findRedis(cache, quiet)
  const where = port
    ? ['--port', String(port), '--bind', '127.0.0.1']
    : ['--port', '0', '--unixsocket', socket]
  const server = {
    name: 'Redis',
    command: [
      program.path,
      configFile,
      '--dir',
      folder,
      '--appendonly',
      'yes',
      '--save',
      '',
      ...where,
      ...args,
    ],
    env: program.env,
    cwd: folder,
    stopSignal: 'SIGTERM',
    marker: join(folder, 'alive'),
    logFile: join(folder, 'redis.log'),
    answers: signal => redisReplies(port ? { port, host: '127.0.0.1' } : { path: socket }, signal),
  } satisfies Parameters<typeof launch>[0]
  let child = await launch(server, t.signal)
  whenOver(t, async () => {
    child.kill('SIGKILL') // it may be paused
    await child.stop()
  })
  return {
    url: port ? `redis://127.0.0.1:${port}` : unixUrl(socket),
    socket,
    get pid() {
      return child.pid
    },
    kill9: async () => {
      child.kill('SIGKILL')
      await child.stop()
    },
    stop: () => child.stop(),
    restart: async () => {
      await child.stop()
      child = await launch(server, t.signal)
    },
  }
}

export interface OwnPostgres {
  /** A DATABASE_URL; the same after a restart. */
  url: string
  readonly pid: number
  stop(): Promise<void>
  /** Starts it again, with its data. */
  start(): Promise<void>
}

/** `more`: settings of Postgres's own, by name. */
export async function ownPostgres(t: Context, more: Record<string, string> = {}): Promise<OwnPostgres> {
  const dataDir = await temporaryFolder(t)
  const settings = { ...fast, ...more }
  let server = await startPostgres({ dataDir, log: quiet, settings })
  whenOver(t, () => server.stop())
  return {
    url: server.url,
    get pid() {
      return server.pid
    },
    stop: () => server.stop(),
    start: async () => {
      server = await startPostgres({ dataDir, log: quiet, settings })
    },
  }
}

export interface PoolOptions extends PoolConfig {
  onEnd?: (error: Error) => void
}

/** Connections to a database, whose server a test may stop. */
export function openPool(t: Context, databaseUrl: string, { onEnd, ...config }: PoolOptions = {}): Pool {
  const pool = pools.openPool({ connectionString: databaseUrl, ...config }, onEnd)
  whenOver(t, () => pool.end())
  return pool
}

/** Below the range from which the kernel takes ports for outgoing connections, which any test may open meanwhile. */
const PORTS = { from: 10_000, to: 32_000 }
const given = new Set<number>()

/** A port on which no process listens now. Each call returns another one. */
export async function freePort(): Promise<number> {
  for (let attempt = 0; attempt < 100; attempt++) {
    const port = randomInt(PORTS.from, PORTS.to)
    if (!given.has(port) && (await isFree(port))) {
      given.add(port)
      return port
    }
  }
  throw new Error(`no free port from ${PORTS.from} to ${PORTS.to}`)
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const isListening = await new Promise<boolean>(resolve => {
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => resolve(true))
  })
  if (isListening) await new Promise(resolve => server.close(resolve))
  return isListening
}
