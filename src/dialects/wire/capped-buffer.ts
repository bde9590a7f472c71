/** Buffers JSON that comes in chunks: all of it up to a limit, above it only some members of its outermost object. */

import type { JsonObject } from './json.ts'
import { byte } from './json-scan.ts'
import { type Pruner, pruner, type Shape } from './pruner.ts'

/** Bytes that are buffered whole. */
const WHOLE = 262_144
/** Bytes at the start of larger JSON that are kept, because a frame begins with its type. */
const HEAD = 1024
/** Above this number small parts are joined. */
const MANY = 256

export interface CappedBytes {
  /** All of it, or its beginning. */
  bytes: Buffer
  /** The size of JSON above the limit, and its requested members; undefined: not a whole object. */
  large: { size: number; members: JsonObject | undefined } | undefined
}

export interface CappedBuffer {
  keep(part: Buffer): void
  /** Returns the buffered JSON and clears the buffer. */
  take(): CappedBytes
  readonly empty: boolean
}

/** `shape`: the members to keep of large JSON. */
export function cappedBuffer(shape: Shape): CappedBuffer {
  let parts: Buffer[] = []
  let size = 0
  let pruned: Pruner | undefined
  return {
    keep(part) {
      size += part.length
      if (pruned) return pruned.push(part)
      parts.push(part)
      if (parts.length > MANY) parts = [Buffer.concat(parts)]
      if (size <= WHOLE) return
      const bytes = Buffer.concat(parts)
      parts = [Buffer.from(bytes.subarray(0, HEAD))]
      pruned = pruner(shape)
      pruned.push(bytes.subarray(Math.max(0, bytes.indexOf(byte.openObject))))
    },
    take() {
      const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
      const taken = { bytes, large: pruned && { size, members: pruned.end() } }
      parts = []
      size = 0
      pruned = undefined
      return taken
    },
    get empty() {
      return size === 0
    },
  }
}

/** The same bytes, with a Buffer's methods. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
