/**
 * Limits on the shape of a body, checked in its bytes before it is parsed: the time to parse JSON depends on its keys,
 * lists and objects more than on its length. One pass, which stops at the first limit that is exceeded.
 */

import { refusal } from '../errors.ts'
import { byte, closingQuote } from './json-scan.ts'

/** No prompt is nested deeper; a parsed body is walked by recursion. */
const MOST_LEVELS = 512
/** A prompt of a million tokens in short messages has fewer. */
const MOST_PARTS = 100_000
/** A provider takes 300,000 tokens in one embeddings request. */
const MOST_VALUES = 500_000

/** Objects with more keys take several times as long for each of them. */
const MOST_KEYS = 10_000

/** Throws the refusal that names the limit. The bytes need not be JSON. */
export function refuseBeyondLimits(raw: Buffer): void {
  let [depth, parts, separators] = [0, 0, 0]
  /** Keys so far, of each object that is open. */
  const keys = new Uint32Array(MOST_LEVELS + 1)
  for (let at = 0; at < raw.length; at++) {
    switch (raw[at]) {
      case byte.quote:
        at = closingQuote(raw, at + 1)
        if (at < 0) return
        break
      case byte.colon:
        if (++parts > MOST_PARTS) throw tooMuch('has', MOST_PARTS, 'keys, lists and objects')
        if (++keys[depth]! > MOST_KEYS) throw tooMuch('has an object of', MOST_KEYS, 'keys')
        break
      case byte.openObject:
      case byte.openList:
        if (++parts > MOST_PARTS) throw tooMuch('has', MOST_PARTS, 'keys, lists and objects')
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
}

function tooMuch(verb: string, most: number, what: string) {
  return refusal(
    'invalid_request',
    `The body ${verb} more than ${most.toLocaleString('en-US')} ${what}; send fewer.`,
  )
}
