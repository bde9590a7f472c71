/** Reads the progress of the ledger's drain. */

import type { Cluster, Redis } from 'ioredis'
import { PREFIX } from '../lua/scripts.ts'

export interface Progress {
  /** The last id of the stream. */
  lastId: string
  /** The first entry that may be missing in Postgres; undefined: Postgres has all entries. */
  firstId: string | undefined
  /** Number of entries in the stream. */
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

/** The id of the present counters. It changes if Redis loses them. Null: they are incomplete. */
export function readEpoch(redis: Redis | Cluster): Promise<string | null> {
  return redis.get(`${PREFIX}epoch`)
}

/** The id of a stream without entries. */
function ifMissing(error: Error): undefined {
  if (!error.message.includes('no such key')) throw error
}
