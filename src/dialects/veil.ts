/**
 * A provider's error inside a good answer passes byte for byte, but for one thing: names of our organisation and of our
 * keys are blanked out, in place, so that no length changes. Only what follows the beginning of an error is looked at:
 * in the words of an answer its quotes would be escaped, so that no answer is ever touched.
 */

const BEGINNINGS = [
  'event: error',
  'event:error',
  '"error":{',
  '"error": {',
  '"type":"error"',
  '"type": "error"',
]

/** What of it would tell whose account it is. */
export const accountNames = [/\b(?:sk|rk|pk|tg)[-_][\w*.-]{4,}/g, /\b(?:org|proj|user|wrkspc)[-_][\w-]{8,}/g]

/** For the chunks of one answer, in order. Returns the very same chunk where there is nothing to hide. */
export function veil(): (chunk: Buffer) => Buffer {
  let hasBegun = false
  return chunk => {
    const starts = hasBegun ? [0] : BEGINNINGS.map(text => chunk.indexOf(text)).filter(at => at >= 0)
    if (starts.length === 0) return chunk
    hasBegun = true
    const from = Math.min(...starts)
    const told = chunk.toString('latin1', from)
    const hidden = accountNames.reduce(
      (text, secret) => text.replace(secret, name => 'x'.repeat(name.length)),
      told,
    )
    return hidden === told ? chunk : Buffer.concat([chunk.subarray(0, from), Buffer.from(hidden, 'latin1')])
  }
}
