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
  for (let from = 0, to = 0; from < text.length && growth < most; from = to) {
    to = from + PIECE
    if (isLowSurrogate(text.charCodeAt(to))) to++
    growth += growthOfPiece(text.slice(from, to))
    mark.lastIndex = to
    if (mark.test(text)) growth += SEAM
  }
  return growth
}

function growthOfPiece(piece: string): number {
  const bytes = Buffer.byteLength(piece)
  return bytes === piece.length ? 0 : Math.max(0, Buffer.byteLength(piece.normalize('NFKC')) - bytes)
}

function isLowSurrogate(unit: number): boolean {
  return unit >= 0xdc00 && unit <= 0xdfff
}
