/**
 * How many tokens a prompt can be at most, and about how many it is, without a tokenizer (which can be made to run for
 * half a minute). The bound: a token of a byte-level vocabulary covers at least one byte of UTF-8, so that the body's
 * own bytes, JSON syntax and all, are never fewer than its tokens. Some models normalise their text first (NFKC), which
 * can lengthen it: what that adds is added.
 */

import { isAscii } from 'node:buffer'
import type { Ask } from './dialect.ts'
import { isObject, type JsonObject } from './json.ts'
import type { Media } from './media.ts'
import { hidesWork } from './voiding.ts'

/** Hidden tokens around each message: role markers and the like. */
const PER_MESSAGE = 32
/** No model takes a prompt that long; its bytes need no closer look. */
const BEYOND_ALL_MODELS = 8_000_000
/** Bytes of English and of code per token, about. */
export const BYTES_PER_TOKEN = 4

export interface Prompt {
  media: Media
  messages: number
  /** Tokens that the provider adds unseen, such as the system prompt that explains tools. */
  overhead: number
  unbounded: Ask['unbounded']
}

export function promptSize(
  raw: Buffer,
  body: JsonObject,
  prompt: Prompt,
): Pick<Ask, 'inputBound' | 'images' | 'inputGuess' | 'textBytes' | 'unseen'> {
  const { media, messages, overhead, unbounded } = prompt
  const text = Math.max(0, raw.length - media.payload)
  const growth = text < BEYOND_ALL_MODELS && mayGrow(raw) ? growthOf(body) : 0
  const bound = text + growth + messages * PER_MESSAGE + overhead
  const unseen = media.endless || hidesWork(unbounded)
  return {
    inputBound: unseen ? Number.POSITIVE_INFINITY : bound,
    textBytes: text,
    unseen,
    images: media.images,
    inputGuess: Math.ceil(text / BYTES_PER_TOKEN) + media.guess,
  }
}

/** Only text beyond ASCII grows, and it may be spelt in ASCII. */
function mayGrow(raw: Buffer): boolean {
  return !isAscii(raw) || raw.includes('\\u')
}

/** Bytes of UTF-8 that normalising would add to the strings in a value, over all that get longer. */
export function growthOf(value: unknown): number {
  if (typeof value === 'string') return growthOfText(value)
  let growth = 0
  if (Array.isArray(value)) for (const one of value) growth += growthOf(one)
  else if (isObject(value)) for (const name in value) growth += growthOfText(name) + growthOf(value[name])
  return growth
}

function growthOfText(text: string): number {
  const bytes = Buffer.byteLength(text)
  return bytes === text.length ? 0 : Math.max(0, Buffer.byteLength(text.normalize('NFKC')) - bytes)
}
