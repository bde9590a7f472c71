/** The content codings that are decoded, in requests and in responses. */

import type { Transform } from 'node:stream'
import zlib from 'node:zlib'
import type { Failure, Sink } from './connection.ts'

const options = { chunkSize: 65_536 }
/** Does not apply to gzip: another member may follow, and zlib refuses any other bytes. */
const strict = { ...options, rejectGarbageAfterEnd: true }
/** RFC 9659: a sender must not need a larger window, 8 MB. Each decoder holds its window in memory. */
const ZSTD_WINDOW_LOG = 23

/** By the name in `content-encoding`. */
export const decoders = new Map<string, () => Transform>([
  ['gzip', () => zlib.createGunzip(options)],
  ['x-gzip', () => zlib.createGunzip(options)],
  ['deflate', () => zlib.createInflate(strict)],
  ['br', () => zlib.createBrotliDecompress(strict)],
  [
    'zstd',
    () => {
      const params = { [zlib.constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG }
      return zlib.createZstdDecompress({ ...strict, params })
    },
  ],
])

/** No sender compresses more often. */
export const MOST_CODINGS = 2

/** The codings that a `content-encoding` header names, in the order in which they were applied. */
export function codingsIn(header: string | string[] | undefined): string[] {
  const codings = String(header ?? '').split(',')
  return codings
    .map(coding => coding.trim().toLowerCase())
    .filter(coding => coding !== '' && coding !== 'identity')
}

export function isDecodable(codings: readonly string[]): boolean {
  return codings.length <= MOST_CODINGS && codings.every(coding => decoders.has(coding))
}

type ResumableSink = Sink & { resume(): void }

/**
 * A sink for bytes in known codings, or in none. `resume` lets the source go on; a slow sink holds back the decoders, and
 * these the source.
 */
export function decoded(codings: readonly string[], sink: Sink, resume: () => void): ResumableSink {
  const stages = codings.toReversed().flatMap(coding => decoders.get(coding)?.() ?? [])
  const [first] = stages
  const last = stages.at(-1)
  if (!first || !last) return { ...sink, resume }
  stages.reduce((from, to) => from.pipe(to))
  let failure: Failure | undefined
  let isOver = false
  const end = (failed: Failure | undefined) => {
    if (isOver) return
    isOver = true
    if (failed) sink.fail(failed)
    else sink.end()
  }
  last.on('data', (chunk: Buffer) => {
    if (!sink.data(chunk)) last.pause()
  })
  first.on('drain', resume)
  last.on('end', () => end(failure))
  for (const stage of stages) stage.on('error', () => end(failure ?? 'undecodable'))
  return {
    data: chunk => isOver || first.write(chunk),
    end: () => void first.end(),
    // Earlier bytes are decoded first.
    fail(reason) {
      failure = reason
      first.end()
    },
    resume: () => void last.resume(),
  }
}
