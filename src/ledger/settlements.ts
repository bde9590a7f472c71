/**
 * Settlements on their way: to Redis off the caller's path, in batches, kept through an outage; and after that kept
 * until Postgres has them, so that a Redis that comes back empty is told again. Settling is idempotent, so whatever may not
 * have arrived is simply sent once more.
 */

import { ReplyError } from 'ioredis'
import type { Settled, Settlement } from '../lua/types.ts'
import type { Progress } from './progress.ts'

export interface Settlements {
  push(settlement: Settlement): void
  /** Sends again all that Postgres is not known to have. */
  resend(): void
  /**
   * Takes the progress of the ledger's drain, and the epoch of the counters, which must be read after it. The epoch is null
   * while the counters are incomplete. Forgets what Postgres has, or sends all again if the epoch changed. Call it regularly.
   */
  forget(drained: Pick<Progress, 'lastId' | 'firstId'> | undefined, epoch: string | null): void
  /** Resolves when nothing waits and nothing is under way. */
  drained(): Promise<void>
  /** How many are not in Redis yet. */
  readonly waiting: number
  /** Redis did not reply to the last batch: calls are refused until it does. */
  readonly isStuck: boolean
}

export interface Listener {
  settled(settlement: Settlement, result: Settled): void
  /** Called for the first failure of several in a row. */
  failed(error: unknown, waiting: number): void
}

/** Settlements that went to Redis in the same while. */
interface Generation {
  /** Takes no more: whatever is asked of the stream from now on is asked after all of them were in it. */
  closed: boolean
  /** The last entry of the ledger's stream once all of them were in it. */
  lastId: string | undefined
  /** When all of them were known to be in Postgres. */
  drainedAt: number | undefined
  settlements: Settlement[]
}

/** A Redis that is killed may have lost the counters of the last second or two, though Postgres has the entries. */
const EVERYSEC = 3000
const BATCH = 64
const RETRY = 250
/** Beyond so many the oldest are forgotten: they are lost only if Redis loses its memory while Postgres is away, too. */
const KEPT = 100_000

/**
 * `soon` calls back once what has gathered is to be sent: before the next admission, so that a caller's next call finds
 * its last one settled.
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
  /** At the last call of `forget`. */
  let lastEpoch: string | null = null

  function flush() {
    scheduled = false
    if (performance.now() < pausedUntil) return
    // One batch finds out whether Redis answers again.
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
      isStuck = isUnanswered(error)
      pausedUntil = performance.now() + RETRY
      // Nobody is kept alive by it: at the end `drained` is waited for.
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
    let kept = generations.reduce((sum, { settlements }) => sum + settlements.length, 0)
    while (kept > KEPT && generations.length > 1) kept -= generations.shift()!.settlements.length
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
    get isStuck() {
      return isStuck
    },
  }
}

/** Redis did not reply: the error is neither its own nor one of encoding a settlement. */
function isUnanswered(error: unknown): boolean {
  return ![ReplyError, RangeError, TypeError].some(kind => error instanceof kind)
}

/** Of two ids of a stream, `<ms>-<number>`. */
function isBefore(a: string, b: string): boolean {
  const [aTime = 0, aNumber = 0] = a.split('-').map(Number)
  const [bTime = 0, bNumber = 0] = b.split('-').map(Number)
  return aTime < bTime || (aTime === bTime && aNumber < bNumber)
}
