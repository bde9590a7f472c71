/** The content codings that are decoded, in requests and in responses. */

import type { Transform } from 'node:stream'
import { createBrotliDecompress, createGunzip, createInflate, createZstdDecompress } from 'node:zlib'
import type { Failure, Sink } from './upstream.ts'

const decoders: Readonly<Record<string, () => Transform>> = {
  gzip: createGunzip,
  'x-gzip': createGunzip,
  deflate: createInflate,
  br: createBrotliDecompress,
  zstd: createZstdDecompress,
}

/** The coding that a `content-encoding` header names; '' for none. */
export function codingIn(header: string | string[] | undefined): string {
  const coding = String(header ?? '')
    .trim()
    .toLowerCase()
  return coding === 'identity' ? '' : coding
}

/** Undefined for a coding that is not known here, or for several in a row. */
export function decoderOf(coding: string): Transform | undefined {
  return Object.hasOwn(decoders, coding) ? decoders[coding]!() : undefined
}

export function isDecodable(coding: string): boolean {
  return coding === '' || Object.hasOwn(decoders, coding)
}

export type ResumableSink = Sink & { resume(): void }

/**
 * A sink for bytes in a known coding, or in none. `resume` lets the source go on; a slow sink holds back the decoder, and
 * the decoder the source.
 */
export function decoded(coding: string, sink: Sink, resume: () => void): ResumableSink {
  const decoder = decoderOf(coding)
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
