/**
 * Sends settlements to Redis in batches, after the response, and retries them through an outage. It keeps each settlement until
 * Postgres has it, and sends it again if Redis loses its data. Settling is idempotent, so a repeat is safe.
 */

import { ReplyError } from 'ioredis'
import type { Settled, Settlement } from '../lua/types.ts'
import type { Progress } from './progress.ts'

export interface Settlements {
  push(settlement: Settlement): void
  /** Sends again all settlements that may be missing in Postgres. */
  resend(): void
  /**
   * Takes the progress of the ledger's drain, and the epoch of the counters, which must be read after it. The epoch is null
   * while the counters are incomplete. Forgets what Postgres has, or sends all again if the epoch changed. Call it regularly.
   */
  forget(drained: Pick<Progress, 'lastId' | 'firstId'> | undefined, epoch: string | null): void
  /** Resolves when every settlement is in Redis. */
  drained(): Promise<void>
  /** Number of settlements that are not in Redis yet. */
  readonly waiting: number
  /** Number of settlements in Redis that Postgres may not have yet. */
  readonly kept: number
  /** Redis did not reply to the last batch: calls are refused until it does. */
  readonly isStuck: boolean
}

export interface Listener {
  settled(settlement: Settlement, result: Settled): void
  /** Called for the first failure of several in a row. */
  failed(error: unknown, waiting: number): void
}

/** Settlements that were sent to Redis in the same period. */
interface Generation {
  /** True: no more are added, so a later read of the stream comes after all of them. */
  closed: boolean
  /** The last id of the ledger's stream when all of them were in it. */
  lastId: string | undefined
  /** The time at which all of them were known to be in Postgres. */
  drainedAt: number | undefined
  settlements: Settlement[]
}

/** A killed Redis may lose the counters of the last two seconds although Postgres has the entries. */
const EVERYSEC = 3000
const BATCH = 64
const RETRY = 250
/** Above this number the oldest are dropped. They are lost only if Redis loses its data while Postgres is away too. */
const KEPT = 100_000

/**
 * `soon` schedules the sending of a batch before the next admission, so that the client's next call finds its last call
 * settled.
 */
export function createSettlements(
  settle: (batch: Settlement[]) => Promise<Settled[]>,
  listener: Listener,
  soon: (flush: () => void) => void,
  monotonic: () => number = () => performance.now(),
): Settlements {
  let waiting: Settlement[] = []
  let underway = 0
  let scheduled = false
  let pausedUntil = 0
  let isFailing = false
  let isStuck = false
  const idle: (() => void)[] = []
  let generations: Generation[] = []
  /** The epoch at the last call of `forget`. */
  let lastEpoch: string | null = null

  function flush() {
    scheduled = false
    if (performance.now() < pausedUntil) return
    // After a failure one batch tests whether Redis replies.
    if (isStuck) return void (underway === 0 && waiting.length > 0 && send(waiting.splice(0, BATCH)))
    while (waiting.length > 0) send(waiting.splice(0, BATCH))
  }

  async function send(batch: Settlement[]) {
    underway += batch.length
    try {
      const results = await settle(batch)
      keep(batch.filter(({ isRefused }) => !isRefused))
      const wasStuck = isStuck
      isFailing = isStuck = false
      if (wasStuck) flush()
      batch.forEach((settlement, i) => {
        listener.settled(settlement, results[i]!)
      })
    } catch (error) {
      waiting = batch.concat(waiting)
      if (!isFailing) listener.failed(error, waiting.length)
      isFailing = true
      isStuck = isWithoutReply(error)
      pausedUntil = performance.now() + RETRY
      // The timer must not keep the process alive; at shutdown the process waits for `drained`.
      setTimeout(flush, RETRY + 1).unref()
    } finally {
      underway -= batch.length
      if (underway === 0 && waiting.length === 0) for (const resolve of idle.splice(0)) resolve()
    }
  }

  function keep(batch: Settlement[]) {
    const newest = generations.at(-1)
    if (newest && !newest.closed) newest.settlements.push(...batch)
    else generations.push({ closed: false, lastId: undefined, drainedAt: undefined, settlements: [...batch] })
    let kept = countKept()
    while (kept > KEPT && generations.length > 1) kept -= generations.shift()!.settlements.length
  }

  function countKept(): number {
    return generations.reduce((sum, { settlements }) => sum + settlements.length, 0)
  }

  function schedule() {
    if (scheduled) return
    scheduled = true
    soon(flush)
  }

  function resend() {
    pausedUntil = 0
    waiting = [...generations.flatMap(({ settlements }) => settlements), ...waiting]
    generations = []
    if (waiting.length > 0) schedule()
  }

  return {
    push(settlement) {
      waiting.push(settlement)
      schedule()
    },
    resend,
    forget(drained, epoch) {
      const isSame = epoch === lastEpoch
      lastEpoch = epoch
      // A wipe of Redis closes no connection, so a replica without calls notices it only here.
      if (!isSame) return resend()
      // Without an epoch a second wipe goes unnoticed, so the progress may belong to another stream.
      if (!drained || epoch === null) return
      const { lastId, firstId } = drained
      const now = monotonic()
      for (const generation of generations) {
        const isDrained =
          generation.lastId !== undefined && (!firstId || isBefore(generation.lastId, firstId))
        if (isDrained) generation.drainedAt ??= now
        if (generation.closed) generation.lastId ??= lastId
        generation.closed = true
      }
      generations = generations.filter(({ drainedAt = now }) => now - drainedAt <= EVERYSEC)
    },
    drained() {
      flush()
      return underway === 0 && waiting.length === 0
        ? Promise.resolve()
        : new Promise<void>(resolve => void idle.push(resolve))
    },
    get waiting() {
      return underway + waiting.length
    },
    get kept() {
      return countKept()
    },
    get isStuck() {
      return isStuck
    },
  }
}

/** Redis did not reply: the error is neither its own nor one of encoding a settlement. */
function isWithoutReply(error: unknown): boolean {
  return ![ReplyError, RangeError, TypeError].some(kind => error instanceof kind)
}

/** Compares two ids of a stream, `<ms>-<number>`. */
function isBefore(a: string, b: string): boolean {
  const [aTime = 0, aNumber = 0] = a.split('-').map(Number)
  const [bTime = 0, bNumber = 0] = b.split('-').map(Number)
  return aTime < bTime || (aTime === bTime && aNumber < bNumber)
}
