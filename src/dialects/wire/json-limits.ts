/**
 * Limits on the shape of a body, checked in its bytes before it is parsed: the time to parse JSON depends on its keys,
 * lists and objects more than on its length. One pass, which stops at the first limit that is exceeded.
 */

import { refusal } from '../../errors.ts'
import { byte, closingQuote, nextSyntax } from './json-scan.ts'

/** No prompt is nested deeper; a parsed body is walked by recursion. */
const MOST_LEVELS = 512
/** A prompt of a million tokens in short messages has fewer. */
const MOST_PARTS = 100_000
/** A provider takes 300,000 tokens in one embeddings request. */
const MOST_VALUES = 500_000
/** Objects with more keys take several times as long for each of them. */
const MOST_KEYS = 10_000
/** In all objects together. Numeric keys take several times as long to walk as other keys. */
const MOST_NUMBERED = 10_000
/** Bytes outside strings. 300,000 token numbers, each on an indented line of its own, have fewer. */
const MOST_SYNTAX = 4_000_000
/** Sixteen megabytes of text have fewer, even if every character is escaped (\uXXXX). */
const MOST_ESCAPES = 3_000_000

/** Throws the refusal that names the limit. The bytes need not be JSON. */
export function refuseBeyondLimits(raw: Buffer): void {
  let [depth, parts, separators, numbered] = [0, 0, 0, 0]
  /** Keys so far, of each object that is open. */
  const keys = new Uint32Array(MOST_LEVELS + 1)
  const { length } = raw
  /** Where the content of the last string begins. */
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

/** A key may spell its first digit as an escape. */
function mayBeNumber(first: number): boolean {
  return (first >= 0x30 && first <= 0x39) || first === byte.backslash
}

const PARTS = 'keys, lists, objects and strings'

/** Bytes. A block without a backslash is skipped by native search. */
const BLOCK = 16_384

/** Adds the backslashes in a slice of a body to those before it, and throws the refusal if there are too many. */
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
