/** Redacts names in a text that comes in chunks, word by word. */

import { type Redaction, redactedBytes } from './redact.ts'

const NONE = Buffer.alloc(0)
/** Longest word that is redacted as a whole. */
const LONGEST_WORD = 4096

/** Redacts the text up to the last whole word, and keeps the rest for the next chunk. */
export function redactedWords(redaction: Redaction) {
  let held: Buffer[] = []
  let size = 0
  return {
    push(part: Buffer): Buffer {
      held.push(Buffer.from(part))
      size += part.length
      if (lastWord(part) === 0 && size < LONGEST_WORD) return NONE
      const whole = Buffer.concat(held)
      const word = lastWord(whole)
      const end = whole.length - word < LONGEST_WORD ? word : whole.length
      held = [whole.subarray(end)]
      size = whole.length - end
      return redactedBytes(whole.subarray(0, end), redaction)
    },
    end: (): Buffer => redactedBytes(Buffer.concat(held), redaction),
  }
}

/** The bytes that may be part of a name. */
const NAME_BYTE = /[\w*.+=~/:@%\\-]/
/** Bytes that belong to the word after them. */
const INTRODUCTION = /(?:request(?:[ _-]?id)?:?|bearer|basic|api[ _-]?key:?) *$/i
const LONGEST_INTRODUCTION = 64

/** Returns the start of the last word, because the next bytes may continue it. */
function lastWord(bytes: Buffer): number {
  let end = bytes.length
  while (end > 0 && NAME_BYTE.test(String.fromCharCode(bytes[end - 1]!))) end--
  const before = bytes.toString('latin1', Math.max(0, end - LONGEST_INTRODUCTION), end)
  return end - (INTRODUCTION.exec(before)?.[0].length ?? 0)
}
