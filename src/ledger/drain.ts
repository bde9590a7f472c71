/**
 * Moves entries from the stream in Redis to Postgres, each counted once, with any number of replicas. An entry leaves the
 * stream only after Postgres has it. After a failure in between it is read again, and Postgres ignores the repeat.
 */

import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyBaseLogger } from 'fastify'
import type { Cluster, Redis } from 'ioredis'
import type { LedgerScripts } from '../lua/ledger.ts'
import type { StreamEntry } from './entry.ts'
import type { Recorder } from './record.ts'
import { acknowledge, claimAbandoned, createGroup, isWithoutGroup, leaveGroup, readGroup } from './stream.ts'

export interface DrainOptions {
  /** A separate connection, because batches are large and must not delay an admission. */
  redis: Redis | Cluster
  scripts: LedgerScripts
  record: Recorder
  log: FastifyBaseLogger
  /** This replica's name in the consumer group. It must be unique. */
  consumer: string
  batch?: number
  /** Milliseconds in which entries gather into a batch. No request waits for them. */
  gatherMs?: number
  /** Milliseconds between two reads without a `wake`: other replicas may have died before they moved their entries. */
  lookEveryMs?: number
  /** Milliseconds after which another replica claims unacknowledged entries, because their replica counts as dead. */
  abandonedAfterMs?: number
}

export interface Drain {
  /** An entry is in the stream, or will soon be. */
  wake(): void
  /** Moves the remaining entries, then stops. After the limit the rest stays in the stream for another replica. */
  stop(limitMs: number): Promise<void>
}

/** The most rows of one transaction. */
export const BATCH = 2000
/** Batches that are moved at the same time: Postgres writes one while the others are read and parsed. */
export const LANES = 3
/** Entries of one command: a larger one would delay admissions. */
const PAGE = 500
const FIRST_RETRY = 100
const LAST_RETRY = 5000

export function startDrain(options: DrainOptions): Drain {
  const {
    redis,
    scripts,
    record,
    log,
    consumer,
    batch = BATCH,
    gatherMs = 250,
    lookEveryMs = 5000,
    abandonedAfterMs = 30_000,
  } = options
  const page = Math.min(PAGE, batch)
  const stopping = new AbortController()
  /** Entries of an earlier batch may be pending for this replica. They come before new ones. */
  let interrupted = true
  let claimAt = 0
  let cursor = '0-0'
  let failures = 0
  /** More entries may wait: the next read does not wait for them to gather. */
  let isBehind = false
  let isAwake = false
  let sleeping: AbortController | undefined
  const running = run()

  async function run(): Promise<void> {
    while (!stopping.signal.aborted) {
      await attempt()
      if (failures > 0) await pause(retryDelay(failures))
      else if (!isBehind) await gather()
    }
    while ((await attempt()) > 0) {}
    if (!interrupted) await leaveGroup(redis, consumer).catch(() => {})
  }

  /** Returns the number of moved entries. It reports the first of several failures in a row; the next attempt is a retry. */
  async function attempt(): Promise<number> {
    try {
      const moved = await moveAll()
      if (failures > 0) log.info('the ledger is written again')
      failures = 0
      return moved
    } catch (error) {
      isBehind = false
      interrupted = true
      if (isWithoutGroup(error)) await createGroup(redis).catch(() => {})
      else if (failures++ === 0) log.error({ err: error }, 'the ledger waits in Redis: it cannot be written')
      return 0
    }
  }

  /** Moves batches, several at a time while many entries wait. All of them are over when it returns. */
  async function moveAll(): Promise<number> {
    const moves = new Set<Promise<unknown>>()
    let moved = 0
    try {
      do {
        const entries = await next()
        moved += entries.length
        const moving: Promise<unknown> = move(entries).then(() => moves.delete(moving))
        // A failure stays in `moves`, and rejects below.
        moving.catch(() => {})
        moves.add(moving)
        if (moves.size === LANES) await Promise.race(moves)
      } while (isBehind && !interrupted)
      await Promise.all(moves)
    } finally {
      await Promise.allSettled(moves)
    }
    return moved
  }

  async function next(): Promise<StreamEntry[]> {
    if (interrupted) {
      const ours = await readGroup(redis, consumer, '0', page)
      isBehind = true
      if (ours.length > 0) return ours
      interrupted = false
    }
    if (performance.now() >= claimAt) {
      const abandoned = await claimAbandoned(redis, consumer, abandonedAfterMs, cursor, page)
      cursor = abandoned.cursor
      if (cursor === '0-0') claimAt = performance.now() + abandonedAfterMs / 2
      isBehind = true
      if (abandoned.entries.length > 0) return abandoned.entries
    }
    const entries: StreamEntry[] = []
    do {
      const found = await readGroup(redis, consumer, '>', page)
      entries.push(...found)
      isBehind = found.length === page
    } while (isBehind && entries.length < batch)
    return entries
  }

  async function move(entries: StreamEntry[]): Promise<void> {
    if (entries.length === 0) return
    const { poisoned } = await record(entries)
    for (const { streamId, fault } of poisoned) {
      log.error({ streamId, fault }, 'a ledger entry is unreadable; it was put into quarantine')
    }
    for (let first = 0; first < entries.length; first += page) {
      const moved = entries.slice(first, first + page)
      await scripts.forget(moved.flatMap(({ fields: { id, seq } }) => (id && seq ? [{ id, seq }] : [])))
      await acknowledge(redis, moved)
    }
  }

  /** Waits for the first entry of the next batch, and then for others. */
  async function gather(): Promise<void> {
    if (!isAwake) {
      sleeping = new AbortController()
      await pause(lookEveryMs, AbortSignal.any([stopping.signal, sleeping.signal]))
    }
    if (isAwake) await pause(gatherMs)
    isAwake = false
  }

  async function pause(ms: number, signal = stopping.signal): Promise<void> {
    await wait(ms, undefined, { signal }).catch(() => {})
  }

  return {
    wake() {
      if (isAwake) return
      isAwake = true
      sleeping?.abort()
    },
    async stop(limitMs) {
      stopping.abort()
      await Promise.race([running, wait(limitMs, undefined, { ref: false })])
    },
  }
}

/** Half of the delay is random, so that the replicas do not retry at the same time. */
function retryDelay(failures: number): number {
  const delay = Math.min(LAST_RETRY, FIRST_RETRY * 2 ** (failures - 1))
  return delay / 2 + Math.random() * (delay / 2)
}
