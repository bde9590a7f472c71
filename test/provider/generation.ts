/** A response at the pace of a model: its text, when each piece is due, and the tokens at any time. */

import type { Generation } from './scenario.ts'

export interface Generated {
  tokensPerSecond: number
  /** Tokens of the whole response. */
  output: number
  /** Those of them that are never shown; they come first. */
  reasoning: number
  /** The response ends at the request's output limit. */
  atCeiling: boolean
  /** The text of the other tokens. */
  pieces: string[]
  /** Milliseconds since the generation began: when the reasoning ends, and when each piece does. */
  reasonedMs: number
  pieceMs: number[]
}

const piecesPerSecond = 10
/** A little over four bytes a token, as in English. */
const words = [' the', ' toll', ' is', ' paid', ' before', ' you', ' pass', '.']

export function generate(
  { tokensPerSecond, seconds, reasoningSeconds }: Generation,
  ceiling: number,
): Generated {
  const wanted = Math.round(tokensPerSecond * seconds)
  const output = Math.min(wanted, ceiling)
  const reasoning = Math.min(output, Math.round(tokensPerSecond * reasoningSeconds))
  const dueMs = (tokens: number) => (tokens / tokensPerSecond) * 1000
  const perPiece = Math.max(1, Math.round(tokensPerSecond / piecesPerSecond))
  const count = Math.ceil((output - reasoning) / perPiece)
  const ends = Array.from({ length: count }, (_, index) =>
    Math.min(reasoning + (index + 1) * perPiece, output),
  )
  return {
    tokensPerSecond,
    output,
    reasoning,
    atCeiling: output < wanted,
    pieces: ends.map((end, index) => text(ends[index - 1] ?? reasoning, end)),
    reasonedMs: dueMs(reasoning),
    pieceMs: ends.map(dueMs),
  }
}

/** Tokens generated after so many milliseconds. */
export function generatedAfter({ tokensPerSecond, output }: Generated, elapsedMs: number): number {
  return Math.min(output, Math.floor((elapsedMs / 1000) * tokensPerSecond))
}

function text(from: number, to: number): string {
  return Array.from({ length: to - from }, (_, index) => words[(from + index) % words.length]).join('')
}
