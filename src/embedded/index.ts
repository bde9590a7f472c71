/** The real Redis and Postgres that run, privately, where no URL is given. */

import { access, constants, mkdir } from 'node:fs/promises'
import { resolve } from 'node:path'
import { lockFolder } from './lock.ts'
import { startPostgres } from './postgres.ts'
import { startRedis } from './redis.ts'
import type { Log } from './supervise.ts'

export interface EmbeddedOptions {
  dataDir: string
  /** Where there is one already, none is started. */
  redisUrl: string | undefined
  databaseUrl: string | undefined
  log: Log
}

export interface Embedded {
  redisUrl: string
  databaseUrl: string
  /** Stops both, keeping their data, and lets the data folder go. */
  stop(): Promise<void>
}

/** Both or none: should one of them not start, the other one is stopped and the folder let go. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { dataDir, redisUrl, databaseUrl, log } = options
  if (redisUrl !== undefined && databaseUrl !== undefined)
    return { redisUrl, databaseUrl, stop: async () => {} }
  const folder = resolve(dataDir)
  await makeFolder(folder)
  const lock = lockFolder(folder)
  const redis = redisUrl === undefined ? startRedis({ dataDir: folder, log }) : given(redisUrl)
  const postgres = databaseUrl === undefined ? startPostgres({ dataDir: folder, log }) : given(databaseUrl)

  async function stop(): Promise<void> {
    const results = await Promise.allSettled([redis, postgres])
    await Promise.all(results.map(result => result.status === 'fulfilled' && result.value.stop()))
    lock.release()
  }

  try {
    const [redisServer, postgresServer] = await Promise.all([redis, postgres])
    return { redisUrl: redisServer.url, databaseUrl: postgresServer.url, stop }
  } catch (error) {
    await stop()
    throw error
  }
}

/** One that runs already, and is not ours to stop. */
async function given(url: string) {
  return { url, stop: async () => {} }
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
