/**
 * Checks limits on the shape of a body before it is parsed, because the time to parse JSON depends on its keys, lists and
 * objects more than on its length. The check is part of the one scan of the bytes and stops at the first exceeded limit.
 */

import { refusal } from '../../errors.ts'
import { byte } from './json-bytes.ts'
import { type Member, scanObject, type Watch } from './json-scan.ts'
import { isLongText, type Text } from './long-texts.ts'

/** Deepest nesting. Prompts are not deeper, and recursive functions read the parsed body. */
const MOST_LEVELS = 512
/** Most lists and objects. A prompt of a million tokens in short messages has fewer. */
const MOST_PARTS = 100_000
/** Most values. A provider accepts 300,000 tokens in one embeddings request. */
const MOST_VALUES = 500_000
/** Most keys of one object. More keys take several times as long for each key. */
const MOST_KEYS = 10_000
/** Most numeric keys in all objects, because each takes several times as long as another key. */
const MOST_NUMBERED = 10_000
/** Most bytes outside strings. 300,000 token numbers on indented lines have fewer. */
const MOST_SYNTAX = 4_000_000
/** Most backslashes. Sixteen megabytes of text have fewer, even if every character is escaped (\uXXXX). */
const MOST_ESCAPES = 3_000_000

export interface Scanned {
  members: readonly Member[]
  /** The long texts inside the members, in order. */
  texts: readonly Text[]
}

/**
 * Returns the members and long texts of a body that is an object. Throws a refusal that names the exceeded limit. The bytes
 * may be invalid JSON; then the result is meaningless.
 */
export function scanWithinLimits(raw: Buffer): Scanned {
  const limits = new ShapeLimits(raw)
  const { members } = scanObject(raw, 0, limits)
  return { members, texts: limits.texts }
}

class ShapeLimits implements Watch {
  /** Grows by the bytes of each string. */
  most = MOST_SYNTAX
  readonly texts: Text[] = []
  readonly #raw: Buffer
  /** The last string, and whether it is the key of the next value. */
  readonly #last: Text = { open: 0, close: 0 }
  #isKey = false
  /** Number of keys so far of each open object. */
  readonly #keys = [0]
  #parts = 0
  #separators = 0
  #numbered = 0

  constructor(raw: Buffer) {
    this.#raw = raw
  }

  string(open: number, close: number): void {
    if (++this.#parts > MOST_PARTS) throw tooMuch('has', MOST_PARTS, PARTS)
    this.most += close - open
    // The members of the request itself are read whole.
    if (this.#isKey && this.#keys.length > 2 && isLongText(this.#raw, this.#last, open, close))
      this.texts.push({ open, close })
    this.#last.open = open
    this.#last.close = close
    this.#isKey = false
  }

  key(first: number): void {
    this.#isKey = true
    if (++this.#keys[this.#keys.length - 1]! > MOST_KEYS) throw tooMuch('has an object of', MOST_KEYS, 'keys')
    if (mayBeNumber(first) && ++this.#numbered > MOST_NUMBERED)
      throw tooMuch('has', MOST_NUMBERED, 'keys that begin with a digit or an escape')
  }

  open(): void {
    this.#isKey = false
    if (++this.#parts > MOST_PARTS) throw tooMuch('has', MOST_PARTS, PARTS)
    if (this.#keys.push(0) > MOST_LEVELS + 1) throw tooMuch('is nested', MOST_LEVELS, 'levels deep')
  }

  close(): void {
    if (this.#keys.length > 1) this.#keys.pop()
  }

  comma(): void {
    this.#isKey = false
    if (++this.#separators >= MOST_VALUES) throw tooMuch('has', MOST_VALUES, 'values')
  }

  tooLong(): never {
    throw tooMuch('has', MOST_SYNTAX, 'bytes outside strings')
  }
}

/** The first digit of a key may be an escape. */
function mayBeNumber(first: number): boolean {
  return (first >= 0x30 && first <= 0x39) || first === byte.backslash
}

const PARTS = 'keys, lists, objects and strings'

/** A body of at most this many bytes has few enough backslashes. */
export function mayExceedEscapes({ length }: Buffer): boolean {
  return length > MOST_ESCAPES
}

/** Bytes. A block without a backslash is skipped by native search. */
const BLOCK = 16_384

/** Adds the backslashes in a slice of a body to the count. Throws the refusal if there are too many. */
export function refuseEscapes(slice: Buffer, before: number): number {
  let escapes = before
  for (let from = 0; from < slice.length; from += BLOCK) {
    const block = slice.subarray(from, from + BLOCK)
    const first = block.indexOf(byte.backslash)
    if (first < 0) continue
    for (let at = first; at < block.length; at++) if (block[at] === byte.backslash) escapes++
    if (escapes > MOST_ESCAPES) throw tooMuch('has', MOST_ESCAPES, 'backslashes')
  }
  return escapes
}

function tooMuch(verb: string, most: number, what: string) {
  return refusal(
    'invalid_request',
    `The body ${verb} more than ${most.toLocaleString('en-US')} ${what}; send fewer.`,
  )
}
