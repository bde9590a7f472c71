/** Work on a large body is done in steps, each in a turn of the event loop of its own, so that other calls go on between. */

/** Bytes. All steps for a smaller body take a few milliseconds together. */
const SMALL = 262_144

export function takesTurns(body: Buffer): boolean {
  return body.length > SMALL
}

const waiting: (() => void)[] = []

/** Resolves in a later turn of the event loop; of all who wait, one goes on in each turn. */
export function turn(): Promise<void> {
  return new Promise(resolve => {
    waiting.push(resolve)
    if (waiting.length === 1) setImmediate(next)
  })
}

function next() {
  waiting.shift()?.()
  if (waiting.length > 0) setImmediate(next)
}
