/** Replaces the exact values of the gateway's secrets in text and bytes. */

import { ellipsis, inPlace, type Mask } from '../dialects/wire/redact.ts'

export interface Redactor {
  /** Adds the new value of a secret. The previous value stays redacted too, because running calls use it. */
  add(secret: string): void
  /** Replaces each secret. `mask`: by default an ellipsis in brackets. */
  text(text: string, mask?: Mask): string
  /** Replaces long secrets by as many 'x'; the same Buffer if it has none. `text`: the same as latin1, where it is there. */
  bytes(bytes: Buffer, text?: string): Buffer
  /** `bytes` for chunks: a secret that is split between chunks is found. Bytes wait only while they may begin a secret. */
  chunks(): { push(chunk: Buffer): Buffer; end(): Buffer | undefined }
}

/** Shorter values also occur in ordinary words, so they are not redacted. */
const SHORTEST = 4
/** Shorter values are redacted as whole words only. */
const ANYWHERE = 8
/** In a successful response only values that no text contains by chance are replaced. */
const LONG = 16

/** A secret in all its escaped forms. */
interface Form {
  pattern: RegExp
  /** Its longest part without escapes, lower case: text without it has no secret. */
  part: string
  /** Is it replaced in successful responses? */
  isLong: boolean
  size: number
}

export function createRedactor(secrets: Iterable<string> = []): Redactor {
  const added = new Set<string>()
  /** The longest first: one secret may be part of another. */
  let forms: Form[] = []
  let long: Buffer[] = []
  /** Text that it does not match has no secret. It needs no copy in lower case, as the search for each part does. */
  let anyPart = /(?!)/
  for (const secret of secrets) add(secret)

  function add(secret: string) {
    if (secret.length < SHORTEST || added.has(secret)) return
    for (const written of writtenForms(secret)) added.add(written)
    forms = [...added].map(formOf).sort((a, b) => b.size - a.size)
    anyPart = new RegExp(forms.map(({ part }) => part).join('|'), 'i')
    long = [...added].filter(isLong).map(form => Buffer.from(form, 'latin1'))
  }

  function text(words: string, mask = ellipsis): string {
    if (!anyPart.test(words)) return words
    let clean = words
    const lower = words.toLowerCase()
    for (const { part, pattern } of forms)
      if (lower.includes(part)) clean = clean.replace(pattern, found => mask(found))
    return clean
  }

  function bytes(given: Buffer, text = given.toString('latin1')): Buffer {
    const lower = text.toLowerCase()
    let clean = text
    for (const { isLong, part, pattern } of forms)
      if (isLong && lower.includes(part)) clean = clean.replace(pattern, inPlace)
    return clean === text ? given : Buffer.from(clean, 'latin1')
  }

  /** The number of bytes at the end that may begin a secret of the next chunk. */
  function openBytes(given: Buffer): number {
    let open = 0
    for (const secret of long) {
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

/** The patterns for text, and for bytes read as latin1. */
function writtenForms(secret: string): string[] {
  return [secret, Buffer.from(secret).toString('latin1')]
}

/** An address is no secret, except its credentials: a response may name `redis://127.0.0.1:6379`. */
function isLong(form: string): boolean {
  return form.length >= LONG && !form.includes('://')
}

function formOf(form: string): Form {
  const parts = form.toLowerCase().split(/[^a-z0-9]+/)
  return {
    pattern: patternOf(form),
    part: parts.sort((a, b) => b.length - a.length)[0]!,
    isLong: isLong(form),
    size: form.length,
  }
}

/** Letters in either case, since some texts are lower-cased; other characters also as JSON and URLs escape them. */
function patternOf(form: string): RegExp {
  const written = [...form]
    .map(character => (/[a-z0-9]/i.test(character) ? character : escapedOrNot(character)))
    .join('')
  return new RegExp(form.length < ANYWHERE ? `(?<![\\w-])${written}(?![\\w-])` : written, 'gi')
}

function escapedOrNot(character: string): string {
  const code = character.charCodeAt(0).toString(16)
  const inUrl = encodeURIComponent(character.isWellFormed() ? character : '')
  return `(?:\\\\?${RegExp.escape(character)}|\\\\u${code.padStart(4, '0')}|${RegExp.escape(inUrl)}|%${code.padStart(2, '0')})`
}
