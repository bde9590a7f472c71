/** Splits the work on a large body into turns of the event loop, so that other calls run in between. */

/** Bytes. The whole work on a smaller body takes a few milliseconds. */
const SMALL = 262_144

export function takesTurns(body: Buffer): boolean {
  return body.length > SMALL
}

const waiting: (() => void)[] = []

/** Resolves in a later turn of the event loop. Only one waiting caller resumes in each turn. */
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
