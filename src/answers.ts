/** The three ways an answer comes back from a provider: whole, passed on as it comes, or as an error. Each is a sink for its bytes. */

import type { Writable } from 'node:stream'
import type { Failure, Sink } from './upstream.ts'

/** What is read of a provider's error body. */
const ERROR_BODY_LIMIT = 65_536

/** Collects an answer. One that grows over what `mayGrow` allows becomes another kind: `overflow` takes over its bytes. */
export function collect(
  mayGrow: (added: number) => boolean,
  then: { whole(body: Buffer): void; overflow(): Sink; fail(failure: Failure): void },
): Sink {
  const chunks: Buffer[] = []
  let next: Sink | undefined
  return {
    data(chunk) {
      if (next) return next.data(chunk)
      chunks.push(chunk)
      if (mayGrow(chunk.length)) return true
      next = then.overflow()
      return chunks.map(next.data).every(Boolean)
    },
    end: () => (next ? next.end() : then.whole(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))),
    fail: failure => (next ?? then).fail(failure),
  }
}

/** An error answer: as much of it as is needed to tell what is wrong. */
export function collectError(then: { whole(body: Buffer): void; fail(failure: Failure): void }): Sink {
  const chunks: Buffer[] = []
  let size = 0
  return {
    data(chunk) {
      if (size < ERROR_BODY_LIMIT) chunks.push(chunk)
      size += chunk.length
      return true
    },
    end: () => then.whole(Buffer.concat(chunks)),
    fail: then.fail,
  }
}

/**
 * Passes bytes on as they come, holding the provider back for a slow reader; `filter` may take some of them out.
 * Once `isWhole` is true, `passed` is called when all bytes up to then are written to the caller's connection.
 */
export function passOn(
  to: Writable,
  filter: { push(chunk: Buffer): Uint8Array | undefined; end(): Uint8Array | undefined },
  then: {
    resume(): void
    isWhole(): boolean
    passed(): void
    ended(): void
    fail(failure: Failure): void
  },
): Sink {
  let isHeldBack = false
  const goOn = () => {
    isHeldBack = false
    to.off('drain', goOn).off('close', goOn)
    then.resume()
  }
  const writtenWhole = (error?: Error | null) => {
    if (!error) then.passed()
  }
  const write = (chunk: Uint8Array | undefined) => {
    // A caller who has left a JSON answer does not stop it: it is paid for, and counted to its end.
    if (!chunk?.length || to.destroyed) return true
    const hasRoom = then.isWhole() ? to.write(chunk, writtenWhole) : to.write(chunk)
    if (hasRoom) return true
    // Whoever leaves while the provider is held back never drains.
    if (!isHeldBack) to.on('drain', goOn).on('close', goOn)
    isHeldBack = true
    return false
  }
  return {
    data: chunk => write(filter.push(chunk)),
    end() {
      write(filter.end())
      then.ended()
    },
    fail: then.fail,
  }
}

/** Lets an observer see the bytes first. */
export function watched(see: (chunk: Buffer) => void, sink: Sink): Sink {
  return {
    data(chunk) {
      see(chunk)
      return sink.data(chunk)
    },
    end: sink.end,
    fail: sink.fail,
  }
}
