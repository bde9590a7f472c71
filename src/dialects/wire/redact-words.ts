/** Redacts names in text that comes in parts, word by word. */

import { type Redaction, redactedBytes } from './redact.ts'

const NONE = Buffer.alloc(0)
/** A longer word is redacted in parts. */
const LONGEST_WORD = 4096

/** Text is redacted up to the last word that is whole. */
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

/** A name has none of the other bytes. */
const NAME_BYTE = /[\w*.+=~/:@%\\-]/
/** What belongs to the word after it. */
const INTRODUCTION = /(?:request(?:[ _-]?id)?:?|bearer|basic|api[ _-]?key:?) *$/i
const LONGEST_INTRODUCTION = 64

/** Where the last word begins, which may go on in the bytes that follow. */
function lastWord(bytes: Buffer): number {
  let end = bytes.length
  while (end > 0 && NAME_BYTE.test(String.fromCharCode(bytes[end - 1]!))) end--
  const before = bytes.toString('latin1', Math.max(0, end - LONGEST_INTRODUCTION), end)
  return end - (INTRODUCTION.exec(before)?.[0].length ?? 0)
}
