/**
 * Computes an upper bound and an estimate of a prompt's tokens without a tokenizer, because some texts keep a tokenizer
 * busy for half a minute. The bound: a token of a byte-level vocabulary has at least one byte of UTF-8, so the body, JSON
 * syntax included, has at least as many bytes as tokens. Some models normalise their text first (NFKC), which can lengthen
 * it, so the bound includes the added bytes.
 */

import { isAscii } from 'node:buffer'
import { growthOf } from './growth.ts'
import { type Text, textAt } from './long-texts.ts'

/** Hidden tokens around each message, such as role markers. */
export const PER_MESSAGE = 32
/**
 * Bytes. Above this size only the model's largest input bounds a prompt with text outside ASCII, or one that grows by this
 * number of bytes. That input is rarely above a million tokens.
 */
const LONGEST_MEASURED = 1_000_000
/** Highest number of bytes that normalising adds to each byte. U+FDFA grows from 3 bytes to 33. */
export const MOST_GROWTH = 10
/** Approximate bytes of English or code per token. */
export const BYTES_PER_TOKEN = 4

/**
 * Returns the bytes that normalising adds to a part with `text` bytes of text; Infinity from LONGEST_MEASURED on. `texts`: the
 * long texts that the part lacks.
 */
export function normalizationGrowth(
  raw: Buffer,
  part: unknown,
  text: number,
  texts: readonly Text[] = [],
): number {
  if (!mayGrow(raw)) return 0
  if (text >= LONGEST_MEASURED) return Number.POSITIVE_INFINITY
  let growth = growthOf(part, LONGEST_MEASURED)
  for (const { open, close } of texts) {
    if (growth >= LONGEST_MEASURED) return Number.POSITIVE_INFINITY
    if (mayGrow(raw.subarray(open, close)))
      growth += growthOf(textAt(raw, { open, close }), LONGEST_MEASURED - growth)
  }
  return growth < LONGEST_MEASURED ? growth : Number.POSITIVE_INFINITY
}

/** Only text outside ASCII grows. Escapes may encode it in ASCII. A text that cannot grow is measured in no time. */
export function mayGrow(raw: Buffer): boolean {
  return !isAscii(raw) || raw.includes('\\u')
}
