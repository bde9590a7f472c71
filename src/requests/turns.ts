/** Splits the work on a large body into turns of the event loop, so that other calls run in between. */

/** Bytes. The whole work on a smaller body takes a few milliseconds. */
const SMALL = 262_144

export function isLarge(body: Buffer): boolean {
  return body.length > SMALL
}

interface Waiting {
  /** Monotonic, ms. */
  since: number
  resume(): void
}

const waiting: Waiting[] = []

/** Resolves in a later turn of the event loop. Only one waiting caller resumes in each turn. */
export function nextTurn(): Promise<void> {
  return new Promise(resume => {
    waiting.push({ since: performance.now(), resume })
    if (waiting.length === 1) setImmediate(next)
  })
}

/** The wait of the first waiting caller at `now` (monotonic, ms). */
export function turnDelay(now: number): number {
  return waiting[0] ? now - waiting[0].since : 0
}

function next() {
  waiting.shift()?.resume()
  if (waiting.length > 0) setImmediate(next)
}
