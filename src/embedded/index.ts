/** Starts a private Redis or Postgres if its URL is not set. */

import { resolve } from 'node:path'
import { lockFolder } from './lock.ts'
import { startPostgres } from './postgres.ts'
import { probeFolder } from './probe.ts'
import { startRedis } from './redis.ts'
import type { Log } from './supervise.ts'

export interface EmbeddedOptions {
  dataDir: string
  /** A server with a URL is not started. */
  redisUrl: string | undefined
  databaseUrl: string | undefined
  /** Gateways that will use the servers. Default: 1. */
  workers?: number
  log: Log
  /** How long the file system of `dataDir` may take to answer, in milliseconds. */
  probeTimeoutMs?: number
}

export interface Embedded {
  redisUrl: string
  databaseUrl: string
  /** Stops both, keeps their data, and releases the lock of the data folder. */
  stop(): Promise<void>
}

/** Connections to Postgres: of one gateway, with one to spare, and of others, such as psql. */
const CONNECTIONS = 11
const OTHER_CONNECTIONS = 89

/** If one of them does not start, the other one is stopped and the lock is released. */
export async function startEmbedded(options: EmbeddedOptions): Promise<Embedded> {
  const { dataDir, redisUrl, databaseUrl, workers = 1, log, probeTimeoutMs } = options
  if (redisUrl !== undefined && databaseUrl !== undefined)
    return { redisUrl, databaseUrl, stop: async () => {} }
  const folder = resolve(dataDir)
  await probeFolder(folder, probeTimeoutMs)
  const lock = lockFolder(folder)
  const redis = redisUrl === undefined ? startRedis({ dataDir: folder, log }) : given(redisUrl)
  const settings = { max_connections: String(OTHER_CONNECTIONS + CONNECTIONS * workers) }
  const postgres =
    databaseUrl === undefined ? startPostgres({ dataDir: folder, log, settings }) : given(databaseUrl)

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

/** A server that was not started here, so it is not stopped. */
async function given(url: string) {
  return { url, stop: async () => {} }
}
