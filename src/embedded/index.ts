/** The real Redis and Postgres that run, privately, where no URL is given. */

import { resolve } from 'node:path'
import { lockFolder } from './lock.ts'
import { startPostgres } from './postgres.ts'
import { probeFolder } from './probe.ts'
import { startRedis } from './redis.ts'
import type { Log } from './supervise.ts'

export interface EmbeddedOptions {
  dataDir: string
  /** Where there is one already, none is started. */
  redisUrl: string | undefined
  databaseUrl: string | undefined
  log: Log
  /** How long the file system of `dataDir` may take to answer, in milliseconds. */
  probeTimeoutMs?: number
}

export interface Embedded {
  redisUrl: string
  databaseUrl: string
  /** Stops both, keeping their data, and lets the data folder go. */
  stop(): Promise<void>
}

/** Both or none: should one of them not start, the other one is stopped and the folder let go. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { dataDir, redisUrl, databaseUrl, log, probeTimeoutMs } = options
  if (redisUrl !== undefined && databaseUrl !== undefined)
    return { redisUrl, databaseUrl, stop: async () => {} }
  const folder = resolve(dataDir)
  await probeFolder(folder, probeTimeoutMs)
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
