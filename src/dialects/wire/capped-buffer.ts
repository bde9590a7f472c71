/** Buffers JSON that comes in chunks: all of it up to a limit, above it only some members of its outermost object. */

import type { JsonObject } from './json.ts'
import { byte } from './json-bytes.ts'
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

export class CappedBuffer {
  readonly #shape: Shape
  #parts: Buffer[] = []
  #size = 0
  #pruned: Pruner | undefined

  /** `shape`: the members to keep of large JSON. */
  constructor(shape: Shape) {
    this.#shape = shape
  }

  get empty(): boolean {
    return this.#size === 0
  }

  keep(part: Buffer): void {
    this.#size += part.length
    if (this.#pruned) {
      this.#pruned.push(part)
      return
    }
    this.#parts.push(part)
    if (this.#parts.length > MANY) this.#parts = [Buffer.concat(this.#parts)]
    if (this.#size > WHOLE) this.#prune(Buffer.concat(this.#parts))
  }

  /** Returns the buffered JSON and clears the buffer. */
  take(): CappedBytes {
    const bytes = this.#parts.length === 1 ? this.#parts[0]! : Buffer.concat(this.#parts)
    const taken = { bytes, large: this.#pruned && { size: this.#size, members: this.#pruned.end() } }
    this.#parts = []
    this.#size = 0
    this.#pruned = undefined
    return taken
  }

  #prune(bytes: Buffer): void {
    this.#parts = [Buffer.from(bytes.subarray(0, HEAD))]
    this.#pruned = pruner(this.#shape)
    this.#pruned.push(bytes.subarray(Math.max(0, bytes.indexOf(byte.openObject))))
  }
}

/** The same bytes, with a Buffer's methods. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
