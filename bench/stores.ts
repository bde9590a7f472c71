/** Redis and Postgres of a study. A study may fill and empty them, and read their statistics. */

import { join } from 'node:path'
import { Redis } from 'ioredis'
import { Pool } from 'pg'
import { startPostgres } from '../src/embedded/postgres.ts'
import { startRedis } from '../src/embedded/redis.ts'
import { migrate } from '../src/start/migrate.ts'
import { setAlone } from './cores.ts'
import { freePort } from './server.ts'

const cache = join(import.meta.dirname, '../.tollgate/cache')
const log = { info: () => {}, error: (facts: object, message: string) => console.error(message, facts) }

export async function openRedis(folder: string, { isMeasured = false } = {}) {
  const server = await startRedis({ dataDir: folder, cache, log })
  if (isMeasured) setAlone(server.pid)
  const redis = new Redis(server.socket)
  return {
    redis,
    url: server.url,
    async stop() {
      redis.disconnect()
      await server.stop()
    },
  }
}

/** Redis for another gateway, with a port and the settings that Tollgate's Redis has in the comparison. */
export async function startPeerRedis(folder: string, name: string) {
  const dataDir = join(folder, `${name}-redis`)
  const port = await freePort()
  const server = await startRedis({ dataDir, cache, log, args: ['--port', `${port}`] })
  return { url: `redis://127.0.0.1:${port}`, stop: () => server.stop() }
}

/** Its data is deleted after the bench, so fsync is off and millions of rows can be filled in quickly. */
const hasty = {
  fsync: 'off',
  synchronous_commit: 'off',
  full_page_writes: 'off',
  wal_level: 'minimal',
  max_wal_senders: '0',
  max_wal_size: '8GB',
  shared_buffers: '1GB',
  maintenance_work_mem: '512MB',
  work_mem: '64MB',
}

export async function openPostgres(folder: string) {
  const server = await startPostgres({ dataDir: folder, log, settings: hasty })
  await migrate(server.url)
  const pool = new Pool({ connectionString: server.url, max: 4 })
  pool.on('error', () => {})
  return {
    pool,
    url: server.url,
    async stop() {
      await pool.end()
      await server.stop()
    },
  }
}

/** A field of INFO, as a number. */
export async function infoOf(redis: Redis, section: string, field: string): Promise<number> {
  const text = await redis.info(section)
  return Number(new RegExp(`^${field}:([\\d.]+)`, 'm').exec(text)?.[1])
}

/** The number of script calls so far, and the microseconds that Redis spent in them. */
export async function scriptsOf(redis: Redis): Promise<{ calls: number; micros: number }> {
  const text = await redis.info('commandstats')
  const [, calls = 0, micros = 0] = /^cmdstat_evalsha:calls=(\d+),usec=(\d+)/m.exec(text) ?? []
  return { calls: Number(calls), micros: Number(micros) }
}
