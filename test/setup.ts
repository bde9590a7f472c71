/**
 * The suite's servers: one real Redis and one real Postgres, for all test files.
 *
 * `node --test --test-global-setup=test/setup.ts` starts them, and test/run.ts before tap. With a container engine
 * (DOCKER_HOST) they run in containers, else they are the embedded ones. A test file that runs alone starts its own
 * (test/servers.ts).
 */

import { access, chmod, constants, mkdtemp, rm, statfs } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { postgresReplies, query, startPostgres } from '../src/embedded/postgres.ts'
import { startRedis } from '../src/embedded/redis.ts'
import { migrate } from '../src/start/migrate.ts'

export interface SharedServers {
  /** A REDIS_URL without a database; there are `databases` of them. */
  redisUrl: string
  /** A DATABASE_URL of the database `postgres`, for a user who may create others. */
  databaseUrl: string
  stop(): Promise<void>
}

export const databases = 4096
/** A fetched Redis stays from one run to the next, and serves the demo as well. */
export const cache = join(import.meta.dirname, '../.tollgate/cache')
/** Each test file, and each gateway that it spawns, is a process of its own: it loads code that another one has compiled. */
export const compiled = join(cache, 'compiled')
export const quiet = {
  info: () => {},
  error: (facts: object, message: string) => console.error(message, facts),
}
/** Nothing here has to survive a power cut. */
export const fast = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  max_connections: '400',
}

/** A file system in memory. Copying a database takes a tenth of the time that a disk needs. */
const MEMORY = '/dev/shm'
/** The suite uses a third of this. */
const ROOM_BYTES = 2 ** 30

async function hasRoom(folder: string): Promise<boolean> {
  try {
    await access(folder, constants.W_OK)
    const { bavail, bsize } = await statfs(folder)
    return bavail * bsize >= ROOM_BYTES
  } catch {
    return false
  }
}

/** The test processes inherit the environment. */
const variable = 'TOLLGATE_TEST_SERVERS'
let servers: SharedServers | undefined

export async function globalSetup(): Promise<void> {
  process.env.NODE_COMPILE_CACHE ??= compiled
  if (await hasRoom(MEMORY)) process.env.TMPDIR = MEMORY
  servers = await startSharedServers()
  const { redisUrl, databaseUrl } = servers
  process.env[variable] = JSON.stringify({ redisUrl, databaseUrl })
}

export async function globalTeardown(): Promise<void> {
  await servers?.stop()
}

/** What `globalSetup` has started, if it has run. */
export function alreadyStarted(): SharedServers | undefined {
  const found = process.env[variable]
  return found ? { ...JSON.parse(found), stop: async () => {} } : undefined
}

export async function startSharedServers(): Promise<SharedServers> {
  const servers = await (process.env.DOCKER_HOST ? inContainers() : embedded())
  await query(servers.databaseUrl, `create database ${migrated} template template0`)
  await migrate(urlOf(servers.databaseUrl, migrated))
  return servers
}

/** A database with the gateway's schema. Each test gets a copy of it, which is cheaper than a migration. */
export const migrated = 'migrated'

/** The DATABASE_URL of another database of the same server. */
export function urlOf(databaseUrl: string, name: string): string {
  return databaseUrl.replace(/\/postgres(?=\?|$)/, `/${name}`)
}

async function embedded(): Promise<SharedServers> {
  const dataDir = await mkdtemp(join(tmpdir(), 'tollgate-test-'))
  await chmod(dataDir, 0o711)
  const [redis, postgres] = await Promise.all([
    startRedis({
      dataDir,
      cache,
      log: quiet,
      args: ['--databases', String(databases), '--appendonly', 'no'],
    }),
    startPostgres({ dataDir, log: quiet, settings: fast }),
  ])
  return {
    redisUrl: redis.url,
    databaseUrl: postgres.url.replace('@/tollgate', '@/postgres'),
    stop: async () => {
      await Promise.all([redis.stop(), postgres.stop()])
      await rm(dataDir, { recursive: true })
    },
  }
}

export async function redisContainer() {
  const { GenericContainer } = await import('testcontainers')
  return new GenericContainer('redis:8')
    .withExposedPorts(6379)
    .withCommand(['redis-server', '--databases', String(databases), '--save', '', '--protected-mode', 'no'])
}

export async function postgresContainer() {
  const { GenericContainer } = await import('testcontainers')
  return new GenericContainer('postgres:18')
    .withExposedPorts(5432)
    .withTmpFs({ '/var/lib/postgresql': 'rw' })
    .withEnvironment({ POSTGRES_USER: 'tollgate', POSTGRES_PASSWORD: 'tollgate', POSTGRES_DB: 'postgres' })
    .withCommand(['postgres', ...Object.entries(fast).flatMap(([name, value]) => ['-c', `${name}=${value}`])])
}

async function inContainers(): Promise<SharedServers> {
  const [redis, postgres] = await Promise.all([
    redisContainer().then(container => container.start()),
    postgresContainer().then(container => container.start()),
  ])
  const databaseUrl = `postgresql://tollgate:tollgate@${postgres.getHost()}:${postgres.getMappedPort(5432)}/postgres`
  await postgresReplies(databaseUrl) // its port is open before it is
  return {
    redisUrl: `redis://${redis.getHost()}:${redis.getMappedPort(6379)}`,
    databaseUrl,
    stop: async () => {
      await Promise.all([redis.stop(), postgres.stop()])
    },
  }
}
