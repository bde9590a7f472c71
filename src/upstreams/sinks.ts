/** Sinks for the bytes of a response: they collect it, pass it on, or read it as an error. */

import type { Writable } from 'node:stream'
import { frameEnds } from '../dialects/wire/sse.ts'
import type { Failure, Sink } from './connection.ts'

/** The limit on a provider's error body, in bytes, and on the time to read it, in milliseconds. */
const ERROR_BODY_LIMIT = 65_536
const ERROR_BODY_MS = 5000
/** The beginning of a stream is buffered up to this size (bytes), and for this time (ms) after its first event. */
const BEGINNING_LIMIT = 65_536
const BEGINNING_MS = 1000
/** An error that comes as the first event is read up to this size. */
const FIRST_ERROR_LIMIT = 1_048_576

/** Collects a response. If it grows beyond what `mayGrow` allows, the sink of `overflow` takes its bytes. */
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
      return chunks.splice(0).map(next.data).every(Boolean)
    },
    end: () => (next ? next.end() : then.whole(chunks.length === 1 ? chunks[0]! : Buffer.concat(chunks))),
    fail: failure => (next ?? then).fail(failure),
  }
}

/** Collects an error body up to the limits. The status alone is enough for a response. */
export function collectError(whole: (body: Buffer) => void, stop: () => void): Sink {
  const chunks: Buffer[] = []
  let size = 0
  const end = () => {
    clearTimeout(deadline)
    whole(Buffer.concat(chunks))
  }
  const cutOff = () => {
    end()
    stop()
  }
  const deadline = setTimeout(cutOff, ERROR_BODY_MS)
  return {
    data(chunk) {
      if (size >= ERROR_BODY_LIMIT) return true
      chunks.push(chunk)
      size += chunk.length
      if (size >= ERROR_BODY_LIMIT) cutOff()
      return true
    },
    end,
    fail: end,
  }
}

interface Beginning {
  announces(): boolean
  beginsError(beginning: Buffer): boolean
  refuse(beginning: Buffer): boolean
  open(): Sink
  empty(failure?: Failure): void
}

/**
 * Buffers a stream until its first event is complete, and for a short time while it has only comments or `announces` output. Then
 * `open` gets all bytes, unless `refuse` found an error in them. A long beginning is buffered only if it
 * `beginsError`: up to a further limit, and for the time of an error body.
 */
export function keepBeginning(then: Beginning): Sink {
  /** Released with the first chunks once the stream is open, because they hold the headers and the socket's memory. */
  let beginning: Beginning | undefined = then
  let chunks: Buffer[] = []
  const eachEnd = frameEnds()
  let size = 0
  let limit = BEGINNING_LIMIT
  let whole = false
  let next: Sink | undefined
  let deadline: NodeJS.Timeout | undefined
  const decide = ({ refuse, open }: Beginning) => {
    clearTimeout(deadline)
    next = refuse(Buffer.concat(chunks)) ? discard : open()
    const first = chunks
    beginning = undefined
    chunks = []
    return first.map(next.data).every(Boolean)
  }
  return {
    data(chunk) {
      if (!beginning) return next?.data(chunk) ?? true
      const { announces, beginsError } = beginning
      chunks.push(chunk)
      size += chunk.length
      eachEnd(chunk, () => {
        whole = true
      })
      if (size > limit && limit === BEGINNING_LIMIT && !whole && beginsError(Buffer.concat(chunks))) {
        limit = FIRST_ERROR_LIMIT
        deadline = setTimeout(decide, ERROR_BODY_MS, beginning)
      }
      if (size <= limit && (!whole || announces() || isWithoutEvent(chunks))) {
        if (whole) deadline ??= setTimeout(decide, BEGINNING_MS, beginning)
        return true
      }
      return decide(beginning)
    },
    end() {
      if (beginning && size > 0) decide(beginning)
      if (next) next.end()
      else beginning?.empty()
    },
    fail(failure) {
      clearTimeout(deadline)
      if (next) next.fail(failure)
      else if (!beginning?.refuse(Buffer.concat(chunks))) beginning?.empty(failure)
    },
  }
}

/** Comments and retry times, which some providers send while a request waits, may come before an error. */
function isWithoutEvent(chunks: readonly Buffer[]): boolean {
  return !/^(data|event)/m.test(Buffer.concat(chunks).toString('latin1'))
}

/** Reads the response and drops it. */
export const discard: Sink = { data: () => true, end() {}, fail() {} }

/**
 * Passes bytes on, and pauses the provider for a slow reader; `filter` may remove some of them.
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
    /** `flush` passes on the bytes that the filter still holds: the beginning of an event. */
    fail(failure: Failure, flush: () => void): void
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
    // A JSON response is read to its end after its caller has left, because it is paid for.
    if (!chunk?.length || to.destroyed) return true
    const hasRoom = then.isWhole() ? to.write(chunk, writtenWhole) : to.write(chunk)
    if (hasRoom) return true
    // `drain` never fires if the caller leaves.
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
    fail: failure => then.fail(failure, () => write(filter.end())),
  }
}

/** Lets an observer see the bytes first. */
export function watched(observe: (chunk: Buffer) => void, sink: Sink): Sink {
  return {
    data(chunk) {
      observe(chunk)
      return sink.data(chunk)
    },
    end: sink.end,
    fail: sink.fail,
  }
}
