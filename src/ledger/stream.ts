/** Reads the ledger's stream in Redis through its consumer group, and acknowledges its entries. */

import type { Cluster, Redis } from 'ioredis'
import { PREFIX } from '../lua/scripts.ts'
import type { StreamEntry } from './entry.ts'

type Connection = Redis | Cluster

const STREAM = `${PREFIX}ledger`
const GROUP = 'postgres'

/** The group starts at the first entry, because entries may exist before the group. */
export async function createGroup(redis: Connection): Promise<void> {
  await redis.createGroup(PREFIX, GROUP)
}

/** True: the group is missing, because Redis lost its data or is new. */
export function isWithoutGroup(error: unknown): boolean {
  return error instanceof Error && /^(NOGROUP|UNBLOCKED)/.test(error.message)
}

/** Reads new entries (`>`), or entries that this consumer has read but not acknowledged (`0`). */
export async function readGroup(
  redis: Connection,
  consumer: string,
  from: '>' | '0',
  count: number,
): Promise<StreamEntry[]> {
  const reply = await redis.xreadgroup('GROUP', GROUP, consumer, 'COUNT', count, 'STREAMS', STREAM, from)
  return readEntries(Array.isArray(reply) ? reply[0]?.[1] : undefined)
}

/** Claims entries that another consumer has not acknowledged in time. The cursor is `0-0` at the end. */
export async function claimAbandoned(
  redis: Connection,
  consumer: string,
  idleMs: number,
  from: string,
  count: number,
): Promise<{ cursor: string; entries: StreamEntry[] }> {
  const [cursor, entries] = await redis.xautoclaim(STREAM, GROUP, consumer, idleMs, from, 'COUNT', count)
  return { cursor: String(cursor), entries: readEntries(entries) }
}

/** Removes entries from the group and the stream in one step. */
export async function acknowledge(redis: Connection, entries: StreamEntry[]): Promise<void> {
  await redis.acknowledgeEntries(PREFIX, GROUP, ...entries.map(({ streamId }) => streamId))
}

/** Leaves the group. Redis drops the pending entries of a leaving consumer, so the consumer must have none. */
export async function leaveGroup(redis: Connection, consumer: string): Promise<void> {
  await redis.xgroup('DELCONSUMER', STREAM, GROUP, consumer)
}

/** Reads the entries between two ids in pages (`-` is the beginning, `(` excludes the id). */
export async function* readPending(
  redis: Connection,
  first: string,
  last: string,
  page = 1000,
): AsyncGenerator<StreamEntry[]> {
  for (let from = first; ; ) {
    const entries = readEntries(await redis.xrange(STREAM, from, last, 'COUNT', page))
    if (entries.length > 0) yield entries
    if (entries.length < page) return
    from = `(${entries.at(-1)?.streamId}`
  }
}

/** Number of entries in the stream. */
export function countPending(redis: Connection): Promise<number> {
  return redis.xlen(STREAM)
}

/** An entry that was deleted while it was pending has no fields. It counts as unreadable. */
function readEntries(reply: unknown): StreamEntry[] {
  if (!Array.isArray(reply)) return []
  return reply.map(([streamId, fields]) => {
    const pairs: string[] = fields ?? []
    const named: Record<string, string> = {}
    for (let i = 0; i + 1 < pairs.length; i += 2) named[pairs[i]!] = pairs[i + 1]!
    return { streamId, fields: named }
  })
}
