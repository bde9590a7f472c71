/** Waits on a condition instead of a time. */

import { setTimeout as wait } from 'node:timers/promises'

/** A test whose condition stays false fails after this time. It is long, because a busy machine is slow. */
const LIMIT_MS = 120_000

/** Milliseconds between two looks. Each look takes CPU from the processes that the test waits for. */
const PAUSE = { first: 5, longest: 50, growth: 1.5 }

/** Calls `look` until its result is truthy, and returns the result. */
export async function until<T>(look: () => Promise<T> | T): Promise<NonNullable<Exclude<T, false>>> {
  const deadline = performance.now() + LIMIT_MS
  for (let pause = PAUSE.first; ; pause = Math.min(pause * PAUSE.growth, PAUSE.longest)) {
    const found = await look()
    if (isTrue(found)) return found
    if (performance.now() > deadline) throw new Error(`still not true after ${LIMIT_MS} ms: ${look}`)
    await wait(pause)
  }
}

function isTrue<T>(found: T): found is NonNullable<Exclude<T, false>> {
  return Boolean(found)
}
