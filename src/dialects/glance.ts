/**
 * Reads JSON in passing, without parsing it: most frames of a stream carry a few words of text, of which nothing but the
 * length is wanted. One pass over the bytes, nothing is allocated.
 */

const QUOTE = 0x22
const COLON = 0x3a
const BACKSLASH = 0x5c
const SMALL_U = 0x75

/** Called for every key: the bytes of its name, and where its value begins. */
export type SeeKey = (start: number, end: number, value: number) => void

/** Finds the keys of all objects in some bytes that hold JSON, in order; what is outside the JSON must have no quotes. */
export function eachKey(bytes: Uint8Array, see: SeeKey): void {
  const { length } = bytes
  for (let at = 0; at < length; at++) {
    if (bytes[at] !== QUOTE) continue
    const start = at + 1
    for (at = start; at < length && bytes[at] !== QUOTE; at++) if (bytes[at] === BACKSLASH) at++
    const value = valueAfter(bytes, at + 1)
    if (value < 0) continue
    see(start, at, value)
    at = value - 1
  }
}

/** Where the value begins that follows a key; -1 where no colon does, so that the string before was no key. */
export function valueAfter(bytes: Uint8Array, from: number): number {
  let at = from
  while (bytes[at] === 0x20) at++
  if (bytes[at] !== COLON) return -1
  at++
  while (bytes[at] === 0x20) at++
  return at
}

/** The UTF-8 length of the string that begins at `at`, unescaped; 0 where none begins there. */
export function stringBytes(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== QUOTE) return 0
  let size = 0
  let i = at + 1
  while (i < bytes.length && bytes[i] !== QUOTE) {
    if (bytes[i] !== BACKSLASH) {
      size++
      i++
    } else if (bytes[i + 1] === SMALL_U) {
      size += escapedSize(bytes, i + 2)
      i += 6
    } else {
      size++
      i += 2
    }
  }
  return size
}

/** What a \uXXXX is in UTF-8; each half of a surrogate pair counts for half of its four bytes. */
function escapedSize(bytes: Uint8Array, at: number): number {
  const code = Number.parseInt(String.fromCharCode(...bytes.subarray(at, at + 4)), 16)
  if (code < 0x80) return 1
  return code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 2 : 3
}

/** Which of some (ASCII) words the bytes from `start` to `end` spell. */
export type Speller = (bytes: Uint8Array, start: number, end: number) => string | undefined

export function oneOf(words: readonly string[]): Speller {
  const byLength = Map.groupBy(words, ({ length }) => length)
  return (bytes, start, end) => byLength.get(end - start)?.find(word => spells(bytes, start, word))
}

/** Do the bytes at `start` begin with this (ASCII) word? */
export function spells(bytes: Uint8Array, start: number, word: string): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[start + i] !== word.charCodeAt(i)) return false
  return true
}

/** The length of all strings under some keys, together. */
export function shownBytes(bytes: Uint8Array, keys: Speller): number {
  let size = 0
  eachKey(bytes, (start, end, value) => {
    if (keys(bytes, start, end)) size += stringBytes(bytes, value)
  })
  return size
}
