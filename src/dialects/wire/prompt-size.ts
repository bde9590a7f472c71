/**
 * How many tokens a prompt can be at most, and about how many it is, without a tokenizer (which can be made to run for
 * half a minute). The bound: a token of a byte-level vocabulary covers at least one byte of UTF-8, so that the body's
 * own bytes, JSON syntax and all, are never fewer than its tokens. Some models normalise their text first (NFKC), which
 * can lengthen it: what that adds is added.
 */

import { isAscii } from 'node:buffer'
import type { ParsedRequest } from '../dialect.ts'
import { growthOf } from './growth.ts'
import type { JsonObject } from './json.ts'
import type { Media } from './media.ts'
import { hidesWork } from './unbounded.ts'

/** Hidden tokens around each message: role markers and the like. */
const PER_MESSAGE = 32
/**
 * Bytes. From here on only the model's largest input bounds a prompt with text outside ASCII, or one that grows by this
 * much. That input is seldom above a million tokens.
 */
const LONGEST_MEASURED = 1_000_000
/** Bytes that normalising adds at most to each byte. U+FDFA grows from 3 bytes to 33. */
export const MOST_GROWTH = 10
/** Bytes of English and of code per token, about. */
export const BYTES_PER_TOKEN = 4

export interface Prompt {
  media: Media
  messages: number
  /** Tokens that the provider adds unseen, such as the system prompt that explains tools. */
  overhead: number
  unbounded: ParsedRequest['unbounded']
}

export interface PromptSize {
  size: Pick<ParsedRequest, 'images' | 'inputGuess' | 'textBytes' | 'unseen'>
  /** The bound takes time that depends on the text, and is not needed for a call that is refused first. */
  measure: () => number
  /** Bytes that normalising can add to the whole body. */
  growth: () => number
}

export function promptSize(raw: Buffer, body: JsonObject, prompt: Prompt): PromptSize {
  const { media, messages, overhead, unbounded } = prompt
  const text = Math.max(0, raw.length - media.payload)
  const unseen = media.endless || hidesWork(unbounded)
  const growth = lazy(() => normalizationGrowth(raw, body, text))
  return {
    growth,
    measure: lazy(() =>
      unseen ? Number.POSITIVE_INFINITY : text + growth() + messages * PER_MESSAGE + overhead,
    ),
    size: {
      textBytes: text,
      unseen,
      images: media.images,
      inputGuess: Math.ceil(text / BYTES_PER_TOKEN) + media.guess,
    },
  }
}

/** Bytes that normalising adds to a part with `text` bytes of text. Infinity from LONGEST_MEASURED on. */
export function normalizationGrowth(raw: Buffer, part: unknown, text: number): number {
  if (!mayGrow(raw)) return 0
  const growth = text < LONGEST_MEASURED ? growthOf(part, LONGEST_MEASURED) : LONGEST_MEASURED
  return growth < LONGEST_MEASURED ? growth : Number.POSITIVE_INFINITY
}

/** Only text beyond ASCII grows, and it may be spelt in ASCII. */
function mayGrow(raw: Buffer): boolean {
  return !isAscii(raw) || raw.includes('\\u')
}

/** Runs it when its value is first needed. */
export function lazy<Value>(run: () => Value): () => Value {
  let done: { value: Value } | undefined
  return () => {
    done ??= { value: run() }
    return done.value
  }
}
