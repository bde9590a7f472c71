/** The stream in Redis that carries entries to Postgres: its consumer group, its batches, its end. */

import type { Cluster, Redis } from 'ioredis'
import { PREFIX } from '../lua/scripts.ts'
import type { StreamEntry } from './entry.ts'

type Connection = Redis | Cluster

const STREAM = `${PREFIX}ledger`
const GROUP = 'postgres'

/** From the first entry on: what was written before the group was made belongs to it too. */
export async function createGroup(redis: Connection): Promise<void> {
  await redis.createGroup(PREFIX, GROUP)
}

/** Redis lost its memory, or never had any. */
export function isWithoutGroup(error: unknown): boolean {
  return error instanceof Error && /^(NOGROUP|UNBLOCKED)/.test(error.message)
}

/** Entries nobody was given yet (`>`), or those given to this consumer and never acknowledged (`0`). */
export async function readGroup(
  redis: Connection,
  consumer: string,
  from: '>' | '0',
  count: number,
): Promise<StreamEntry[]> {
  const reply = await redis.xreadgroup('GROUP', GROUP, consumer, 'COUNT', count, 'STREAMS', STREAM, from)
  return readEntries(Array.isArray(reply) ? reply[0]?.[1] : undefined)
}

/** Takes over what another consumer held on to for too long. The cursor is `0-0` when all of it was looked at. */
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

/** Done with them: they leave the group and the stream at once. */
export async function acknowledge(redis: Connection, entries: StreamEntry[]): Promise<void> {
  await redis.acknowledgeEntries(PREFIX, GROUP, ...entries.map(({ streamId }) => streamId))
}

/** Leaves the group; whatever this consumer still held would be lost to it, so it must hold nothing. */
export async function leaveGroup(redis: Connection, consumer: string): Promise<void> {
  await redis.xgroup('DELCONSUMER', STREAM, GROUP, consumer)
}

/** Entries between two places (`-` is the beginning, `(` before a place leaves it out), a page at a time. */
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

/** How many entries are on their way. */
export function countPending(redis: Connection): Promise<number> {
  return redis.xlen(STREAM)
}

/** An entry that was deleted while it was being carried has no fields left: unreadable, like any other nonsense. */
function readEntries(reply: unknown): StreamEntry[] {
  if (!Array.isArray(reply)) return []
  return reply.map(([streamId, fields]) => {
    const pairs: string[] = fields ?? []
    const named: Record<string, string> = {}
    for (let i = 0; i + 1 < pairs.length; i += 2) named[pairs[i]!] = pairs[i + 1]!
    return { streamId, fields: named }
  })
}
