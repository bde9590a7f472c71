/**
 * Checks limits on the shape of a body before it is parsed, because the time to parse JSON depends on its keys, lists and
 * objects more than on its length. The check is one pass over the bytes and stops at the first exceeded limit.
 */

import { refusal } from '../../errors.ts'
import { byte, closingQuote, nextSyntax } from './json-scan.ts'

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

/** Throws a refusal that names the exceeded limit. The bytes may be invalid JSON. */
export function refuseBeyondLimits(raw: Buffer): void {
  let [depth, parts, separators, numbered] = [0, 0, 0, 0]
  /** Number of keys so far of each open object. */
  const keys = new Uint32Array(MOST_LEVELS + 1)
  const { length } = raw
  /** Offset of the last string's content. */
  let lastString = 0
  /** Bytes in strings so far. */
  let inside = 0
  const end = () => Math.min(length, inside + MOST_SYNTAX + 1)
  let at = nextSyntax(raw, 0, end())
  for (; at < end(); at = nextSyntax(raw, at + 1, end())) {
    switch (raw[at]) {
      case byte.quote: {
        const quote = closingQuote(raw, at + 1)
        if (quote < 0) return
        if (++parts > MOST_PARTS) throw tooMuch('has', MOST_PARTS, PARTS)
        inside += quote - at
        lastString = at + 1
        at = quote
        break
      }
      case byte.colon:
        if (++keys[depth]! > MOST_KEYS) throw tooMuch('has an object of', MOST_KEYS, 'keys')
        if (mayBeNumber(raw[lastString]!) && ++numbered > MOST_NUMBERED)
          throw tooMuch('has', MOST_NUMBERED, 'keys that begin with a digit or an escape')
        break
      case byte.openObject:
      case byte.openList:
        if (++parts > MOST_PARTS) throw tooMuch('has', MOST_PARTS, PARTS)
        if (++depth > MOST_LEVELS) throw tooMuch('is nested', MOST_LEVELS, 'levels deep')
        keys[depth] = 0
        break
      case byte.closeObject:
      case byte.closeList:
        if (depth > 0) depth--
        break
      case byte.comma:
        if (++separators >= MOST_VALUES) throw tooMuch('has', MOST_VALUES, 'values')
    }
  }
  if (at < length) throw tooMuch('has', MOST_SYNTAX, 'bytes outside strings')
}

/** The first digit of a key may be an escape. */
function mayBeNumber(first: number): boolean {
  return (first >= 0x30 && first <= 0x39) || first === byte.backslash
}

const PARTS = 'keys, lists, objects and strings'

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
