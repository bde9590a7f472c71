/**
 * A provider's error inside a good answer passes byte for byte, but for one thing: names of our organisation and of our
 * keys are blanked out, in place, so that no length changes. Nothing is touched before the meter has read of an error,
 * so an answer's own words never are. A frame that may tell of one is kept back until it is whole, and no other.
 */

/** Where an error begins; in the words of an answer its quotes would be escaped. */
const BEGINNING =
  /event:\s*error|"error"\s*:\s*\{|"type"\s*:\s*"(error|response\.failed)"|event:\s*response\.failed/

/** What of it would tell whose account it is. */
export const accountNames = [
  /\b(?:sk|rk|pk|tg)[-_][\w*.-]{4,}/g,
  /\b(?:org|proj|user|wrkspc)[-_][\w-]{8,}/g,
  /\b[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\b/gi,
]

const BLANK_LINE = '\n\n'
/** What is kept back at most; an error is short. */
const LONGEST = 65_536

/** A whole answer that is known to tell of an error. */
export function veiled(answer: Buffer): Buffer {
  const text = answer.toString('latin1')
  const from = Math.max(0, text.search(BEGINNING))
  const told = text.slice(from)
  const hidden = accountNames.reduce(
    (words, name) => words.replace(name, found => 'x'.repeat(found.length)),
    told,
  )
  return hidden === told ? answer : Buffer.concat([answer.subarray(0, from), Buffer.from(hidden, 'latin1')])
}

/** For the chunks of one stream, in order, each after the meter has seen it. */
export function veil(hasFailed: () => boolean) {
  let held: Buffer | undefined
  const shown = (bytes: Buffer) => (hasFailed() ? veiled(bytes) : bytes)
  return {
    push(chunk: Buffer): Buffer {
      const bytes = held ? Buffer.concat([held, chunk]) : chunk
      held = undefined
      const end = bytes.lastIndexOf(BLANK_LINE)
      const open = bytes.subarray(end < 0 ? 0 : end + BLANK_LINE.length)
      if (open.length === 0 || open.length > LONGEST || !BEGINNING.test(open.toString('latin1')))
        return shown(bytes)
      held = open
      return shown(bytes.subarray(0, bytes.length - open.length))
    },
    end(): Buffer | undefined {
      return held && shown(held)
    },
  }
}
