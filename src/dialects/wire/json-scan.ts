/**
 * Finds the members of a JSON object in its bytes, without parsing them: where each key and value stand, and how many
 * names lie inside. One pass, no recursion; strings are skipped by native search, so that long prompts cost next to nothing.
 */

export interface Member {
  /** Unescaped. */
  name: string
  /** Offsets of the value's first byte, and of the byte after its last. */
  start: number
  end: number
  /** How many members the objects inside the value have, all together. */
  names: number
}

export interface Scan {
  /** Every member, repeated ones too; of an object that is cut off, those that are whole. */
  members: Member[]
}

/** The bytes that JSON is built of. */
export const byte = {
  quote: 0x22,
  comma: 0x2c,
  colon: 0x3a,
  openList: 0x5b,
  backslash: 0x5c,
  closeList: 0x5d,
  openObject: 0x7b,
  closeObject: 0x7d,
} as const

/** 1 at each of these bytes, 0 at all others. */
const isSyntax = new Uint8Array(256)
for (const one of Object.values(byte)) isSyntax[one] = 1

/** The offset of the first of these bytes at or after `from`; `end` if there is none before `end`. */
export function nextSyntax(raw: Buffer, from: number, end: number): number {
  let at = from
  while (at < end && isSyntax[raw[at]!] === 0) at++
  return at
}

/** Scans the object that begins at or after `from`. The bytes must be valid JSON, or the beginning of it. */
export function scanObject(raw: Buffer, from = 0): Scan {
  const members: Member[] = []
  let [depth, names] = [0, 0]
  // The member being read: where its key begins and ends, its value begins, and how many names stood before it.
  let [key, keyEnd, value, before] = [-1, -1, -1, 0]
  const { length } = raw
  for (let at = nextSyntax(raw, from, length); at < length; at = nextSyntax(raw, at + 1, length)) {
    switch (raw[at]) {
      case byte.quote: {
        const quote = closingQuote(raw, at + 1)
        if (quote < 0) return { members }
        if (depth === 1 && key < 0) [key, keyEnd] = [at + 1, quote]
        at = quote
        break
      }
      case byte.colon:
        if (depth === 1) [value, before] = [at + 1, names]
        else names++
        break
      case byte.openObject:
      case byte.openList:
        depth++
        break
      case byte.comma:
      case byte.closeObject:
      case byte.closeList:
        if (depth === 1 && value >= 0) {
          members.push(memberOf(raw, key, keyEnd, value, at, names - before))
          key = value = -1
        }
        if (raw[at] === byte.comma) break
        depth--
        if (depth === 0) return { members }
    }
  }
  return { members }
}

/** So many bytes are read one by one before the native search, which costs as much as reading that many. */
const NEAR = 32

/** Where the string ends that begins at `from`: at the next quote that is not escaped; -1 if there is none. */
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

/** The same for a string whose bytes come in chunks: it may have begun in an earlier one, which may end within an escape. */
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
    // Not what the bytes were said to be; a name like any other.
    return name
  }
}

/** The value without the whitespace around it. */
function memberOf(raw: Buffer, key: number, keyEnd: number, from: number, to: number, names: number): Member {
  let [start, end] = [from, to]
  while (start < end && isSpace(raw[start])) start++
  while (end > start && isSpace(raw[end - 1])) end--
  return { name: unescaped(raw.toString('utf8', key, keyEnd)), start, end, names }
}

export function isSpace(one: number | undefined): boolean {
  return one === 0x20 || one === 0x0a || one === 0x0d || one === 0x09
}
