/**
 * Cuts long texts of a prompt out of a body before JSON.parse, which would copy each of them twice. The gateway needs only
 * their places. Their bytes are checked as JSON.parse checks them, so that the same bodies are refused.
 */

import { byte } from './json-bytes.ts'

/** The offsets of a string's quotes. */
export interface Text {
  open: number
  close: number
}

/** Bytes. A shorter text is parsed in the time that its check takes. */
const LONG = 4096

/** Members whose value is text if it is a string. Other strings may be an image or a document, whose size is read. */
const names: readonly Buffer[] = ['content', 'text'].map(name => Buffer.from(`"${name}"`))

export function isLongText(raw: Buffer, key: Text, open: number, close: number): boolean {
  if (close - open <= LONG) return false
  return names.some(name => name.equals(raw.subarray(key.open, key.close + 1)))
}

/** The ranges of the body outside the texts, with their quotes. */
export function rangesAround(raw: Buffer, texts: readonly Text[]): [from: number, to: number][] {
  const starts = texts.map(({ close }) => close)
  const ends = texts.map(({ open }) => open + 1)
  return [0, ...starts].map((from, i) => [from, ends[i] ?? raw.length])
}

/** The body with its texts. It parses the body again, so use it only where the texts are needed. */
export function withTexts(body: unknown, raw: Buffer, texts: readonly Text[] = []): unknown {
  return texts.length === 0 ? body : JSON.parse(raw.toString('utf8'))
}

/** The text as JSON.parse returns it. */
export function textAt(raw: Buffer, { open, close }: Text): string {
  return String(JSON.parse(raw.toString('utf8', open, close + 1)))
}

/** Returns true if the bytes between the quotes have no control character and no invalid escape. */
export function isValidText(raw: Buffer, { open, close }: Text): boolean {
  const words = new Int32Array(raw.buffer, 0, raw.buffer.byteLength >> 2)
  for (let at = open + 1; at < close; ) {
    at = nextSpecial(words, raw, at, close)
    if (at >= close) return true
    const length = raw[at] === byte.backslash ? escapeLength(raw, at) : 0
    if (length === 0) return false
    at += length
  }
  return true
}

/** The offset of the first control character or backslash at or after `from`; `to` if there is none. It reads four bytes at a time. */
function nextSpecial(words: Int32Array, raw: Buffer, from: number, to: number): number {
  const { byteOffset } = raw
  let at = from
  for (; at < to && ((at + byteOffset) & 3) !== 0; at++) if (isSpecial(raw[at]!)) return at
  let word = (at + byteOffset) >> 2
  const last = (to + byteOffset) >> 2
  while (word < last && specialIn(words[word]!) === 0) word++
  for (at = Math.max(at, (word << 2) - byteOffset); at < to; at++) if (isSpecial(raw[at]!)) return at
  return to
}

function isSpecial(one: number): boolean {
  return one < 0x20 || one === byte.backslash
}

/** Not 0 if one of the four bytes is below 0x20 or a backslash: subtracting sets its highest bit. */
function specialIn(word: number): number {
  const other = word ^ 0x5c5c5c5c
  return (((word - 0x20202020) & ~word) | ((other - 0x01010101) & ~other)) & 0x80808080
}

/** Bytes of an escape by the byte after its backslash: \n has 2, \uXXXX has 6. 0: invalid. */
const escapeLengths = new Uint8Array(256)
for (const one of Buffer.from('"\\/bfnrtu')) escapeLengths[one] = one === 0x75 ? 6 : 2

/** Bytes of the escape at `at`; 0 if it is invalid. */
function escapeLength(raw: Buffer, at: number): number {
  const length = escapeLengths[raw[at + 1]!]!
  for (let digit = at + 2; digit < at + length; digit++) if (!isHex(raw[digit]!)) return 0
  return length
}

function isHex(one: number): boolean {
  const lower = one | 0x20
  return (one >= 0x30 && one <= 0x39) || (lower >= 0x61 && lower <= 0x66)
}
