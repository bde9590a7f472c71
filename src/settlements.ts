/**
 * Settlements on their way to Redis: off the caller's path, batched per tick, kept through an outage. Settling is
 * idempotent, so whatever may not have arrived is sent again.
 */

import type { Settled, Settlement } from './lua/index.ts'

const BATCH = 64
const RETRY = 250

export interface Settlements {
  push(settlement: Settlement): void
  /** Sends what waits. Called before an admission, so that a caller's next call finds its last one settled. */
  flush(): void
  /** Resolves when nothing waits and nothing is under way. */
  drained(): Promise<void>
  readonly size: number
}

export function createSettlements(
  settle: (batch: Settlement[]) => Promise<Settled[]>,
  listener: {
    settled(settlement: Settlement, result: Settled): void
    failed(error: unknown, waiting: number): void
  },
): Settlements {
  let waiting: Settlement[] = []
  let underway = 0
  let scheduled = false
  let pausedUntil = 0
  const idle: (() => void)[] = []

  function flush() {
    scheduled = false
    if (performance.now() < pausedUntil) return
    while (waiting.length > 0) send(waiting.splice(0, BATCH))
  }

  async function send(batch: Settlement[]) {
    underway += batch.length
    try {
      const results = await settle(batch)
      batch.forEach((settlement, i) => {
        listener.settled(settlement, results[i]!)
      })
    } catch (error) {
      waiting = batch.concat(waiting)
      listener.failed(error, waiting.length)
      pausedUntil = performance.now() + RETRY
      setTimeout(flush, RETRY + 1)
    } finally {
      underway -= batch.length
      if (underway === 0 && waiting.length === 0) for (const resolve of idle.splice(0)) resolve()
    }
  }

  return {
    push(settlement) {
      waiting.push(settlement)
      if (scheduled) return
      scheduled = true
      setImmediate(flush)
    },
    flush,
    drained: () =>
      underway === 0 && waiting.length === 0
        ? Promise.resolve()
        : new Promise<void>(resolve => void idle.push(resolve)),
    get size() {
      return underway + waiting.length
    },
  }
}
