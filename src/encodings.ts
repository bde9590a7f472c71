/** The content codings that are decoded, in requests and in responses. */

import type { Transform } from 'node:stream'
import zlib from 'node:zlib'
import type { Failure, Sink } from './upstream.ts'

const options = { chunkSize: 65_536, rejectGarbageAfterEnd: true }
/** RFC 9659: a sender must not need a larger window, 8 MB. Each decoder holds its window in memory. */
const ZSTD_WINDOW_LOG = 23

/** By the name in `content-encoding`. */
export const decoders = new Map<string, () => Transform>([
  ['gzip', () => zlib.createGunzip(options)],
  ['x-gzip', () => zlib.createGunzip(options)],
  ['deflate', () => zlib.createInflate(options)],
  ['br', () => zlib.createBrotliDecompress(options)],
  [
    'zstd',
    () => {
      const params = { [zlib.constants.ZSTD_d_windowLogMax]: ZSTD_WINDOW_LOG }
      return zlib.createZstdDecompress({ ...options, params })
    },
  ],
])

/** The coding that a `content-encoding` header names; '' for none. */
export function codingIn(header: string | string[] | undefined): string {
  const coding = String(header ?? '')
    .trim()
    .toLowerCase()
  return coding === 'identity' ? '' : coding
}

export function isDecodable(coding: string): boolean {
  return coding === '' || decoders.has(coding)
}

export type ResumableSink = Sink & { resume(): void }

/**
 * A sink for bytes in a known coding, or in none. `resume` lets the source go on; a slow sink holds back the decoder, and
 * the decoder the source.
 */
export function decoded(coding: string, sink: Sink, resume: () => void): ResumableSink {
  const decoder = decoders.get(coding)?.()
  if (!decoder) return { ...sink, resume }
  let failure: Failure | undefined
  let isOver = false
  const end = (failed: Failure | undefined) => {
    if (isOver) return
    isOver = true
    if (failed) sink.fail(failed)
    else sink.end()
  }
  decoder.on('data', (chunk: Buffer) => {
    if (!sink.data(chunk)) decoder.pause()
  })
  decoder.on('drain', resume)
  decoder.on('end', () => end(failure))
  decoder.on('error', () => end(failure ?? 'undecodable'))
  return {
    data: chunk => isOver || decoder.write(chunk),
    end: () => void decoder.end(),
    // What came before is decoded first.
    fail(reason) {
      failure = reason
      decoder.end()
    },
    resume: () => void decoder.resume(),
  }
}
