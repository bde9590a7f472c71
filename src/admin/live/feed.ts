/**
 * The feed all replicas share: a short stream in Redis that is written only while a page is open. It is not
 * the ledger: calls beyond a rate are only counted, and calls that Redis loses are not shown.
 *
 *     {tollgate}:watched   set by replicas that have viewers, for a few seconds at a time
 *     {tollgate}:live      a stream; each entry holds a batch of calls, as JSON
 */

import type { Cluster, Redis } from 'ioredis'
import { PREFIX } from '../../lua/scripts.ts'
import type { LiveCall } from './call.ts'

/** The calls of one replica that ended within one tick, and how many more there were. */
export interface Batch {
  /** Its place in the feed. */
  id: string
  calls: LiveCall[]
  skipped: number
}

const WATCHED = `${PREFIX}watched`
const LIVE = `${PREFIX}live`
const WATCHED_SECONDS = 5
/** Batches that are kept for new viewers; with 100 calls of 500 bytes in each, at most 3 MB. */
const BATCHES = 64
const KEPT_SECONDS = 120
/** Batches in one read: an admission on the same connection waits behind it. */
const READ_AT_ONCE = 8

export interface Feed {
  isWatched(): Promise<boolean>
  /** Must be repeated before the seconds are over. */
  watch(): Promise<unknown>
  publish(batch: Omit<Batch, 'id'>): Promise<unknown>
  /** Batches after this place, oldest first. '0' is the oldest still kept. */
  read(after: string): Promise<Batch[]>
}

export function createFeed(redis: Redis | Cluster): Feed {
  return {
    isWatched: async () => (await redis.exists(WATCHED)) === 1,
    watch: () => redis.set(WATCHED, '1', 'EX', WATCHED_SECONDS),
    publish: batch =>
      Promise.all([
        redis.xadd(LIVE, 'MAXLEN', BATCHES, '*', 'batch', JSON.stringify(batch)),
        redis.expire(LIVE, KEPT_SECONDS),
      ]),
    async read(after) {
      const [stream] = (await redis.xread('COUNT', READ_AT_ONCE, 'STREAMS', LIVE, after)) ?? []
      return (stream?.[1] ?? []).map(([id, [, batch = '{}']]) => ({ id, ...JSON.parse(batch) }))
    },
  }
}
