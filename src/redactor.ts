/** Replaces the exact values of the gateway's secrets, wherever they stand in text or bytes. */

import { ellipsis, type Mask } from './dialects/redact.ts'

export interface Redactor {
  /** A secret that was read again: the value from before stays redacted too, since running calls use it. */
  add(secret: string): void
  /** Replaces each secret. `mask`: by default an ellipsis in brackets. */
  text(text: string, mask?: Mask): string
  /** Replaces long secrets by as many 'x'; the very same Buffer where there is none. `text`: the same as latin1, where it is there. */
  bytes(bytes: Buffer, text?: string): Buffer
  /** `bytes` for chunks: a secret that lies in several is found. Bytes wait only while they may begin a secret. */
  chunks(): { push(chunk: Buffer): Buffer; end(): Buffer | undefined }
}

/** Shorter values also occur in ordinary words, so they are not redacted. */
const SHORTEST = 4
/** Shorter values are redacted as whole words only. */
const ANYWHERE = 8
/** In a successful response only values that no text holds by chance are replaced. */
const LONG = 16

export function createRedactor(secrets: Iterable<string> = []): Redactor {
  /** The longest first: one secret may be part of another. */
  let patterns: { form: string; pattern: RegExp }[] = []
  let long: { form: string; bytes: Buffer }[] = []
  for (const secret of secrets) add(secret)

  function add(secret: string) {
    if (secret.length < SHORTEST) return
    const known = new Set([...patterns.map(({ form }) => form), ...formsOf(secret)])
    const forms = [...known].sort((a, b) => b.length - a.length)
    patterns = forms.map(form => ({ form, pattern: patternOf(form) }))
    // An address is no secret, but for the parts that are: responses may well name `redis://127.0.0.1:6379`.
    const exact = forms.filter(form => form.length >= LONG && !form.includes('://'))
    long = exact.map(form => ({ form, bytes: Buffer.from(form, 'latin1') }))
  }

  function text(words: string, mask = ellipsis): string {
    let clean = words
    for (const { form, pattern } of patterns)
      if (clean.includes(form)) clean = clean.replace(pattern, found => mask(found))
    return clean
  }

  function bytes(given: Buffer, text = given.toString('latin1')): Buffer {
    let clean = given
    for (const { form, bytes: secret } of long) {
      if (!text.includes(form)) continue
      for (let at = clean.indexOf(secret); at >= 0; at = clean.indexOf(secret, at + secret.length)) {
        if (clean === given) clean = Buffer.from(given)
        clean.fill('x', at, at + secret.length)
      }
    }
    return clean
  }

  /** How many bytes at the end may begin a secret that goes on in the next chunk. */
  function openBytes(given: Buffer): number {
    let open = 0
    for (const { bytes: secret } of long) {
      const first = secret[0]!
      const from = Math.max(0, given.length - secret.length + 1)
      for (let at = given.indexOf(first, from); at >= 0; at = given.indexOf(first, at + 1)) {
        const size = given.length - at
        if (size <= open) break
        if (given.compare(secret, 0, size, at) === 0) open = size
      }
    }
    return open
  }

  return {
    add,
    text,
    bytes,
    chunks() {
      let held: Buffer | undefined
      return {
        push(chunk) {
          const whole = bytes(held ? Buffer.concat([held, chunk]) : chunk)
          const open = openBytes(whole)
          held = open > 0 ? whole.subarray(whole.length - open) : undefined
          return open > 0 ? whole.subarray(0, whole.length - open) : whole
        },
        end: () => held,
      }
    },
  }
}

/** As it is; as JSON, as a URL and as bytes read one by one write it. */
function formsOf(secret: string): string[] {
  const asBytes = Buffer.from(secret).toString('latin1')
  return [secret, JSON.stringify(secret).slice(1, -1), encodeURIComponent(secret), asBytes]
}

function patternOf(form: string): RegExp {
  const exact = RegExp.escape(form)
  return new RegExp(form.length < ANYWHERE ? `(?<![\\w-])${exact}(?![\\w-])` : exact, 'g')
}
