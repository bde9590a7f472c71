/**
 * Scans JSON without parsing it, because most frames of a stream have a short text, and only its length is needed. It
 * makes one pass over the bytes and allocates nothing.
 */

import { byte } from './json-bytes.ts'

const SMALL_U = 0x75

/** Called for every key, with the bytes of its name and the offset of its value. */
export type OnKey = (start: number, end: number, value: number) => void

/** Finds the keys of all objects in the JSON of some bytes, in order. Bytes outside the JSON must not contain quotes. */
export function eachKey(bytes: Uint8Array, onKey: OnKey): void {
  const { length } = bytes
  for (let at = 0; at < length; at++) {
    if (bytes[at] !== byte.quote) continue
    const start = at + 1
    for (at = start; at < length && bytes[at] !== byte.quote; at++) if (bytes[at] === byte.backslash) at++
    const value = afterColon(bytes, at + 1)
    if (value < 0) continue
    onKey(start, at, value)
    at = value - 1
  }
}

/** Returns the offset of the value after a key; -1 without a colon, because then the string is not a key. */
function afterColon(bytes: Uint8Array, from: number): number {
  let at = from
  while (bytes[at] === 0x20) at++
  if (bytes[at] !== byte.colon) return -1
  at++
  while (bytes[at] === 0x20) at++
  return at
}

/** Returns the UTF-8 length of the unescaped string that begins at `at`; 0 if no string begins there. */
export function stringBytes(bytes: Uint8Array, at: number): number {
  if (bytes[at] !== byte.quote) return 0
  let size = 0
  let i = at + 1
  while (i < bytes.length && bytes[i] !== byte.quote) {
    if (bytes[i] !== byte.backslash) {
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

/** Returns the UTF-8 length of a \uXXXX. Each half of a surrogate pair counts as two bytes. */
function escapedSize(bytes: Uint8Array, at: number): number {
  const code = Number.parseInt(String.fromCharCode(...bytes.subarray(at, at + 4)), 16)
  if (code < 0x80) return 1
  return code < 0x800 || (code >= 0xd800 && code < 0xe000) ? 2 : 3
}

/** Finds the (ASCII) word that equals the bytes from `start` to `end`. */
export type Speller = (bytes: Uint8Array, start: number, end: number) => string | undefined

export function oneOf(words: readonly string[]): Speller {
  const longest = Math.max(...words.map(({ length }) => length))
  const byLength = Array.from({ length: longest + 1 }, (_, n) => words.filter(({ length }) => length === n))
  return (bytes, start, end) => {
    const candidates = end - start > longest ? undefined : byLength[end - start]
    if (candidates) for (const word of candidates) if (spells(bytes, start, word)) return word
    return undefined
  }
}

/** Returns true if the bytes at `start` begin with this (ASCII) word. */
export function spells(bytes: Uint8Array, start: number, word: string): boolean {
  for (let i = 0; i < word.length; i++) if (bytes[start + i] !== word.charCodeAt(i)) return false
  return true
}

/** Returns the total length of the strings under some keys. */
export function stringBytesUnder(bytes: Uint8Array, keys: Speller): number {
  let size = 0
  eachKey(bytes, (start, end, value) => {
    if (keys(bytes, start, end)) size += stringBytes(bytes, value)
  })
  return size
}
