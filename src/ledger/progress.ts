/** How far the ledger's drain has come. */

import type { Cluster, Redis } from 'ioredis'
import { PREFIX } from '../lua/scripts.ts'

export interface Progress {
  /** The last entry ever written to the stream. */
  lastId: string
  /** The first one that Postgres may not have yet; undefined: it has them all. */
  firstId: string | undefined
  /** How many entries wait. */
  entries: number
}

export async function readProgress(redis: Redis | Cluster): Promise<Progress | undefined> {
  const info = await redis.xinfo('STREAM', `${PREFIX}ledger`).catch(ifMissing)
  if (!Array.isArray(info)) return undefined
  const field = (name: string): unknown => info[info.indexOf(name) + 1]
  const first = field('first-entry')
  return {
    lastId: String(field('last-generated-id')),
    firstId: Array.isArray(first) ? String(first[0]) : undefined,
    entries: Number(field('length')),
  }
}

/** Names the life of the counters: another one has no memory of the one before. Null: they are incomplete. */
export function readEpoch(redis: Redis | Cluster): Promise<string | null> {
  return redis.get(`${PREFIX}epoch`)
}

/** Nothing was ever written. */
function ifMissing(error: Error): undefined {
  if (!error.message.includes('no such key')) throw error
}
