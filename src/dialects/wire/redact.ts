/** Redacts names of the gateway's account (organisations, projects, keys, request ids) in a provider's text. */

import { isObject } from './json.ts'

/** Returns the replacement of a redacted part. */
export type Mask = (found: string) => string

/** The properties of a call that redaction needs. */
export interface Redaction {
  /** Replaces the exact values of the gateway's secrets. */
  secrets(text: string, mask?: Mask): string
  /** Returns true if the client's own request contains this text. */
  isCallers(text: string): boolean
}

export const ellipsis: Mask = () => '[…]'
export const inPlace: Mask = found => 'x'.repeat(found.length)

const keys = [
  /\b(?:sk|rk|pk|tg)[-_][\w*.-]{4,}/g,
  /\b(?:csk|gsk|hf|nvapi|pplx|xai)[-_](?=[a-z_-]{0,64}[\dA-Z*])[\w*.-]{8,}/g,
  /\bAIza[\w-]{20,}/g,
  /\b(?:ya29\.|GOCSPX-)[\w.-]{6,}/g,
  /\bA(?:KIA|SIA|BIA|CCA|ROA|IDA)(?=[A-Za-z]{0,64}\d)[A-Za-z\d]{12,}/g,
  /\b(?:gh[opsur]|github_pat|glpat|xox[abeprs]|fw|tgp|r8)[-_](?=[a-z_-]{0,64}[\dA-Z])[\w-]{8,}/g,
  // A JSON Web Token, also one that is cut off.
  /\beyJ[\w-]{7,}(?:\.[\w-]+)*/g,
  /\b(?:bearer|basic|api[ _-]?key:?) +(?=[a-z~+/_-]{0,64}\d)[\w.~+/-]{16,}=*/gi,
]
/** Ids have digits or capitals. A user id needs one of them, because `user_preferences` is a common word. */
const accounts = [
  /\b(?:org|proj|wrkspc)[-_](?:(?=[a-z_-]{0,64}[\dA-Z])[\w-]{4,}|[\w-]{8,})/g,
  /\buser[-_](?=[a-z_-]{0,64}[\dA-Z])[\w-]{6,}/g,
  /\b[\da-f]{8}-[\da-f]{4}-[\da-f]{4}-[\da-f]{4}-[\da-f]{12}\b/gi,
  /\b(?:acct|team)_(?=[a-z_-]{0,64}[\dA-Z])\w{6,}/g,
  /\barn:aws[\w-]*:[\w.:/*+=,@-]*[\w/*]/g,
]
/** Names of cloud resources, which contain an account. */
const resources = [
  /(?<![\w-])[\w-]{1,64}\.(?:(?:openai|cognitiveservices|services\.ai)\.azure\.com|azure-api\.net|cognitive\.microsoft\.com)\b/gi,
  /\bresourceGroups\/[\w.()-]+/gi,
  /\bprojects\/(?:\d{6,}|[\w.:-]+(?=\/locations\/))/g,
  /\bproject_number:\d+/g,
  /(?<![\w.-])[\w.-]{1,64}@[\w-]{1,64}\.iam\.gserviceaccount\.com\b/g,
]
/** The provider's request ids. The client gets the gateway's id instead. */
const requests = [/\(?\brequest[ _-]?id:? *(?=[\w-]{0,64}\d)[\w-]{6,}\)?/gi, /\breq_\w{6,}/g]

const names = [...requests, ...resources, ...keys, ...accounts]

export function redacted(text: string, { secrets, isCallers }: Redaction, mask = ellipsis): string {
  // A name may be the last word of a sentence.
  const isKept = (found: string) => isCallers(found) || isCallers(found.replace(/\.$/, ''))
  return names.reduce(
    (rest, name) => rest.replace(name, found => (isKept(found) ? found : mask(found))),
    secrets(text, mask),
  )
}

/** Redacts the bytes of JSON, also escaped characters. The length stays the same. */
export function redactedBytes(bytes: Buffer, redaction: Redaction): Buffer {
  // latin1 maps each byte to one character, so bytes that are not UTF-8 do not change.
  const text = bytes.toString('latin1')
  const plain = text.replace(ESCAPE, read)
  const clean = redacted(plain, redaction, inPlace)
  return clean === plain ? bytes : Buffer.from(withEscapes(text, plain, clean), 'latin1')
}

/** An escaped backslash does not begin another escape. */
const ESCAPE = /\\(?:u00([2-7][\da-f])|.)/gis
/** Escapes of white space. Their letters would hide the start of a word: `\norg-…` has no word `org`. */
const LETTERS = 'nrtbf'
/** A latin1 code that replaces such a letter. In UTF-8 it never follows a backslash. */
const NO_LETTER = '\xa0'

/** A client decodes `\u0073k-…` and `\/` to the plain characters. */
function read(written: string, code?: string): string {
  if (written === '\\/') return '/'
  if (written.length === 2) return LETTERS.includes(written[1]!) ? `\\${NO_LETTER}` : written
  const character = code === undefined ? '' : String.fromCharCode(Number.parseInt(code, 16))
  return /[\w.*+=~/:@-]/.test(character) ? character : written
}

/** Returns the original text with the characters that were replaced in its plain form. */
function withEscapes(text: string, plain: string, clean: string): string {
  let at = 0
  let result = ''
  let from = 0
  const copy = (to: number) => {
    result += clean.slice(at, at + to - from)
    at += to - from
  }
  for (const match of text.matchAll(ESCAPE)) {
    const [written, code] = match
    copy(match.index)
    const size = read(written, code).length
    const isSame = clean.slice(at, at + size) === plain.slice(at, at + size)
    result += isSame ? written : 'x'.repeat(written.length)
    at += size
    from = match.index + written.length
  }
  copy(text.length)
  return result
}

/** Redacts every string of a value, down to a limited depth. */
export function redactedValue(value: unknown, redaction: Redaction, depth = 8): unknown {
  if (typeof value === 'string') return redacted(value, redaction)
  if (typeof value !== 'object' || value === null) return value
  if (depth === 0) return null
  if (!isObject(value)) return Object.values(value).map(one => redactedValue(one, redaction, depth - 1))
  const members = Object.entries(value).map(([name, one]) => [
    redacted(name, redaction),
    redactedValue(one, redaction, depth - 1),
  ])
  return Object.fromEntries(members)
}
