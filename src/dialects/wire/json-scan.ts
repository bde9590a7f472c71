/**
 * Finds the members of a JSON object in its bytes without parsing: the offsets of each key and value, and the number of
 * names inside. It makes one pass without recursion. Native search skips strings, so long prompts take little time.
 */

import { byte } from './json-bytes.ts'

export interface Member {
  /** Unescaped. */
  name: string
  /** Offsets of the value's first byte, and of the byte after its last. */
  start: number
  end: number
  /** Number of members of all objects inside the value. */
  names: number
}

export interface Scan {
  /** Every member, repeated ones included. If the object is cut off, the whole members. */
  members: Member[]
}

/** Sees the syntax that a scan passes. It ends the scan with an exception. */
export interface Watch {
  /** The scan calls `tooLong` at this offset, which `string` may raise. */
  readonly most: number
  tooLong(): never
  /** A string with the quotes at these offsets. */
  string(open: number, close: number): void
  /** The last string was a key, which begins with this byte. */
  key(first: number): void
  open(): void
  close(): void
  comma(): void
}

/** 1 at each of these bytes, 0 at all others. */
const isSyntax = new Uint8Array(256)
for (const one of Object.values(byte)) isSyntax[one] = 1

/** The offset of the first of these bytes at or after `from`; `end` if there is none before `end`. */
function nextSyntax(raw: Buffer, from: number, end: number): number {
  let at = from
  while (at < end && isSyntax[raw[at]!] === 0) at++
  return at
}

/**
 * Scans the object that begins at or after `from`. The bytes must be valid JSON, or the beginning of it. With a `watch` the
 * scan goes on after the object, and the members of invalid JSON are meaningless.
 */
export function scanObject(raw: Buffer, from = 0, watch?: Watch): Scan {
  const members: Member[] = []
  let depth = 0
  let names = 0
  // The present member: start and end of its key, start of its value, and number of names before it.
  let key = -1
  let keyEnd = -1
  let value = -1
  let before = 0
  /** Start of the last string. */
  let string = 0
  const { length } = raw
  let end = watch ? Math.min(length, watch.most + 1) : length
  for (let at = nextSyntax(raw, from, end); at < end; at = nextSyntax(raw, at + 1, end)) {
    switch (raw[at]) {
      case byte.quote: {
        string = at + 1
        const quote = closingQuote(raw, string)
        if (quote < 0) return { members }
        if (depth === 1 && key < 0) {
          key = string
          keyEnd = quote
        }
        if (watch) {
          watch.string(at, quote)
          end = Math.min(length, watch.most + 1)
        }
        at = quote
        break
      }
      case byte.colon:
        watch?.key(raw[string]!)
        if (depth === 1) {
          value = at + 1
          before = names
        } else names++
        break
      case byte.openObject:
      case byte.openList:
        watch?.open()
        depth++
        break
      case byte.comma:
      case byte.closeObject:
      case byte.closeList:
        if (depth === 1 && value >= 0) {
          members.push(memberOf(raw, key, keyEnd, value, at, names - before))
          key = value = -1
        }
        if (raw[at] === byte.comma) {
          watch?.comma()
          break
        }
        watch?.close()
        depth--
        if (depth === 0 && !watch) return { members }
    }
  }
  if (end < length) watch?.tooLong()
  return { members }
}

/** Number of bytes that are read one by one before a native search, because one search takes as long. */
const NEAR = 32

/** Returns the end of the string that begins at `from`: the next quote that is not escaped; -1 if there is none. */
export function closingQuote(raw: Buffer, from: number): number {
  for (let at = from; at < raw.length; ) {
    for (const near = Math.min(at + NEAR, raw.length); at < near; at++) {
      if (raw[at] === byte.quote) return at
      if (raw[at] === byte.backslash) at++
    }
    const quote = raw.indexOf(byte.quote, at)
    if (quote < 0) return -1
    let before = quote
    while (before > at && raw[before - 1] === byte.backslash) before--
    if ((quote - before) % 2 === 0) return quote
    at = quote + 1
  }
  return -1
}

/** Like `closingQuote`, for a string that comes in chunks. It may begin in an earlier chunk, which may end inside an escape. */
export function stringEnds(): (chunk: Buffer, from: number) => number {
  let escaped = false
  return (chunk, from) => {
    const start = escaped ? from + 1 : from
    escaped = false
    const quote = closingQuote(chunk, start)
    if (quote >= 0) return quote
    let before = chunk.length
    while (before > start && chunk[before - 1] === byte.backslash) before--
    escaped = (chunk.length - before) % 2 === 1
    return -1
  }
}

export function unescaped(name: string): string {
  if (!name.includes('\\')) return name
  try {
    return String(JSON.parse(`"${name}"`))
  } catch {
    // Invalid JSON. The bytes count as an unknown name.
    return name
  }
}

/** The value without whitespace around it. */
function memberOf(raw: Buffer, key: number, keyEnd: number, from: number, to: number, names: number): Member {
  let [start, end] = [from, to]
  while (start < end && isSpace(raw[start])) start++
  while (end > start && isSpace(raw[end - 1])) end--
  return { name: unescaped(raw.toString('utf8', key, keyEnd)), start, end, names }
}

export function isSpace(one: number | undefined): boolean {
  return one === 0x20 || one === 0x0a || one === 0x0d || one === 0x09
}
