/**
 * Computes the bytes of UTF-8 that normalising (NFKC) can add to a text. Some models normalise their text before they
 * count its tokens, so the bound on the tokens must include these bytes.
 */

import { isObject } from './json.ts'

/**
 * Normalising sorts combining marks, and a run of n marks can take n² steps. A text is normalised in pieces of this
 * number of UTF-16 units, so that the time is linear in its length.
 */
const PIECE = 64
/** If a piece begins with a mark, the mark cannot combine with the character before it. That adds at most 9 bytes. */
const SEAM = 9
/** A combining mark, or one of the two letters that are normalised to one. */
const mark = /[\p{M}\uff9e\uff9f]/uy

/** Bytes that normalising adds to the names and strings in a value, over all pieces that get longer. Stops at `most`. */
export function growthOf(value: unknown, most: number): number {
  if (typeof value === 'string') return growthOfText(value, most)
  let growth = 0
  if (Array.isArray(value)) {
    for (const one of value) {
      growth += growthOf(one, most - growth)
      if (growth >= most) break
    }
  } else if (isObject(value)) {
    for (const name in value) {
      growth += growthOfText(name, most - growth)
      if (growth < most) growth += growthOf(value[name], most - growth)
      if (growth >= most) break
    }
  }
  return growth
}

function growthOfText(text: string, most: number): number {
  if (Buffer.byteLength(text) === text.length) return 0
  let growth = 0
  for (let from = 0; growth < most; ) {
    const next = nextUncommon(text, from)
    if (next >= text.length) break
    // Pieces of common units are skipped.
    from += next - from - ((next - from) % PIECE)
    let to = from + PIECE
    if (isLowSurrogate(text.charCodeAt(to))) to++
    growth += growthOfPiece(text.slice(from, to))
    if (from > 0 && isMark(text, from)) growth += SEAM
    from = to
  }
  return growth
}

/**
 * Any unit but common ones that normalising never changes: ASCII, letters of Europe, kana, Han and Hangul, and punctuation. A text
 * of common units only gets no longer, because none of them is a mark, and Hangul letters that combine get shorter.
 */
const uncommon =
  /[^\0-\x7f\xa1-\xa7\xa9\xab-\xae\xb0\xb1\xb6\xb7\xbb\xbf-\u0131\u0134-\u013e\u0141-\u0148\u014a-\u017e\u0391-\u03c9\u0400-\u0482\u048a-\u052f\u2012-\u2016\u2018-\u2023\u2190-\u21ff\u2500-\u257f\u3001-\u3029\u3041-\u3094\u30a1-\u30fe\u4e00-\u9fff\uac00-\ud7a3]/g

/** The offset of the first uncommon unit at or after `from`; the length of the text if there is none. */
function nextUncommon(text: string, from: number): number {
  uncommon.lastIndex = from
  return uncommon.test(text) ? uncommon.lastIndex - 1 : text.length
}

function isMark(text: string, at: number): boolean {
  mark.lastIndex = at
  return mark.test(text)
}

function growthOfPiece(piece: string): number {
  const bytes = Buffer.byteLength(piece)
  return bytes === piece.length ? 0 : Math.max(0, Buffer.byteLength(piece.normalize('NFKC')) - bytes)
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}
