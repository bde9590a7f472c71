/** Keeps what may be needed of something large that goes by: all of it up to a size, beyond it the beginning and the end. */

import { afterColon } from './glance.ts'
import { type JsonObject, parseObject } from './json.ts'
import { byte, closingQuote, scanObject } from './json-scan.ts'

/** Up to this size all is kept. */
const WHOLE = 262_144
const HEAD = 16_384
const TAIL = 65_536
const MANY = 256

export interface Excerpt {
  /** All of it, or its beginning. */
  bytes: Buffer
  /** Its end, where all of it was too much. */
  tail: Buffer | undefined
}

export interface Keeper {
  keep(part: Buffer): void
  /** What was kept; begins anew. */
  take(): Excerpt
  readonly empty: boolean
}

export function keeper(): Keeper {
  let parts: Buffer[] = []
  let size = 0
  let head: Buffer | undefined
  return {
    keep(part) {
      parts.push(part)
      size += part.length
      if (!head && size <= WHOLE) return
      head ??= Buffer.from(Buffer.concat(parts).subarray(0, HEAD))
      // Of many small parts one is made now and then: dropping them one by one takes ever longer.
      if (parts.length > MANY) {
        parts = [Buffer.concat(parts).subarray(-TAIL)]
        size = parts[0]!.length
      }
      while (size - parts[0]!.length >= TAIL) size -= parts.shift()!.length
    },
    take() {
      const bytes = parts.length === 1 ? parts[0]! : Buffer.concat(parts)
      const taken = head ? { bytes: head, tail: bytes } : { bytes, tail: undefined }
      parts = []
      size = 0
      head = undefined
      return taken
    },
    get empty() {
      return size === 0
    },
  }
}

/**
 * The members of an object that its excerpt still tells, of those asked for; the object begins at or after `from`, and
 * `levels` objects end where the excerpt ends, itself counted. Members at the end win. Undefined: not an object, or cut off.
 */
export function excerptMembers(
  { bytes, tail }: Excerpt,
  names: readonly string[],
  { from = 0, levels = 1 } = {},
): JsonObject | undefined {
  if (!tail) return parseObject(bytes.toString('utf8', from))
  if (!isClosed(tail)) return undefined
  const found: Record<string, unknown> = {}
  for (const { name, start, end } of scanObject(bytes, from).members)
    if (names.includes(name)) found[name] = parsed(bytes, start, end)
  for (const name of names) {
    const value = lastMember(tail, name, levels)
    if (value !== undefined) found[name] = value
  }
  return found
}

/** A key may stand in other objects as well: so many are looked at, from the end. */
const CANDIDATES = 8

/** The last member of that name with exactly `levels` objects left to close. A key's quotes are never found inside a string. */
function lastMember(tail: Buffer, name: string, levels: number): unknown {
  const key = Buffer.from(`"${name}"`)
  let at = tail.lastIndexOf(key)
  for (let tried = 0; at >= 0 && tried < CANDIDATES; tried++) {
    const place = placeAfter(tail, at + key.length)
    if (place && place.closes === levels) return parsed(tail, place.start, place.end)
    at = at > 0 ? tail.lastIndexOf(key, at - 1) : -1
  }
  return undefined
}

/** Where the value of a key begins and ends, and how many objects and lists close between it and the end. */
function placeAfter(tail: Buffer, from: number): { start: number; end: number; closes: number } | undefined {
  const start = afterColon(tail, from)
  let end = -1
  let depth = 0
  for (let at = start; start > 0 && at < tail.length; at++) {
    switch (tail[at]) {
      case byte.quote:
        at = closingQuote(tail, at + 1)
        if (at < 0) return undefined
        break
      case byte.openObject:
      case byte.openList:
        depth++
        break
      case byte.comma:
        if (depth === 0 && end < 0) end = at
        break
      case byte.closeObject:
      case byte.closeList:
        if (depth === 0 && end < 0) end = at
        depth--
    }
  }
  return end < 0 ? undefined : { start, end, closes: -depth }
}

function isClosed(tail: Buffer): boolean {
  return tail
    .toString('latin1', Math.max(0, tail.length - 16))
    .trimEnd()
    .endsWith('}')
}

function parsed(bytes: Buffer, start: number, end: number): unknown {
  try {
    return JSON.parse(bytes.toString('utf8', start, end))
  } catch {
    return undefined
  }
}

/** The same bytes, with a Buffer's methods. */
export function asBuffer(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}
