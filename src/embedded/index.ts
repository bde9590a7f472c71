/** The real Redis and Postgres that run, privately, where no URL is given. */

import { access, constants, mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { lockFolder } from './lock.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'
import type { Log } from './supervise.ts'

export interface EmbeddedOptions {
  dataDir: string
  /** Which of the two are wanted. */
  redis: boolean
  postgres: boolean
  log: Log
}

export interface Embedded {
  redisUrl: string | undefined
  databaseUrl: string | undefined
  /** Stops both, keeping their data, and lets the data folder go. */
  stop(): Promise<void>
}

/** Both or none: should one of them not start, the other one is stopped and the folder let go. */
export async function startEmbedded({ dataDir, redis, postgres, log }: EmbeddedOptions): Promise<Embedded> {
  if (!redis && !postgres) return { redisUrl: undefined, databaseUrl: undefined, stop: async () => {} }
  const folder = resolve(dataDir)
  await makeFolder(folder)
  const lock = lockFolder(folder)
  const starting = {
    redis: redis ? startRedis({ dataDir: folder, log }) : undefined,
    postgres: postgres ? startPostgres({ dataDir: folder, log }) : undefined,
  }

  async function stop(): Promise<void> {
    const results = await Promise.allSettled([starting.redis, starting.postgres])
    await Promise.all(results.map(result => result.status === 'fulfilled' && result.value?.stop()))
    lock.release()
  }

  try {
    const [redisServer, postgresServer] = await Promise.all([starting.redis, starting.postgres])
    return { redisUrl: redisServer?.url, databaseUrl: postgresServer?.url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** Others may pass through it, not look: as root, Postgres runs as another user. What is inside is closed to them. */
async function makeFolder(folder: string): Promise<void> {
  try {
    await mkdir(folder, { recursive: true, mode: 0o711 })
    await access(folder, constants.W_OK)
  } catch (cause) {
    throw new Error(
      `DATA_DIR ${folder} cannot be made or written: change its owner, or set another DATA_DIR`,
      {
        cause,
      },
    )
  }
}
