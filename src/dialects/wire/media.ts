/**
 * Bounds the tokens of media in a prompt. Their bytes are no bound. Images are counted, because each model has a highest
 * number of tokens for an image. The size of a document, a sound or other media is unknown, so only the model's maximum
 * input bounds it.
 */

import type { AllowedFeature } from '../dialect.ts'

/** The sums of all media in a prompt. */
export interface Media {
  /** Bytes of images and documents in the body. They are not text. */
  payload: number
  images: number
  /** True: the prompt has a part of unknown size. */
  endless: boolean
  /** Typical tokens. */
  guess: number
  /** Kinds of stored content that the prompt refers to, each with the setting that allows it. */
  unbounded: Map<string, AllowedFeature>
  /** Definitions of tools inside the prompt. */
  tools: unknown[]
}

export function noMedia(): Media {
  return { payload: 0, images: 0, endless: false, guess: 0, unbounded: new Map(), tools: [] }
}

/** Adds an image with its approximate tokens. `payload` is its content, if the body contains it (a URL is text). */
export function addImage(media: Media, guess: number, payload = ''): void {
  media.payload += payload.length
  media.images++
  media.guess += guess
}

/** Approximate base64 bytes of a page with text and images, and its tokens. */
const PAGE = { base64: 100_000, tokens: 3000 }
/** Guess for a document that the prompt only refers to. */
const USUAL_PAGES = 4
/** Most pages. Each page is also an image, and no provider accepts more images at once in a short context. */
const MOST_PAGES = 100

export function addDocument(media: Media, payload = ''): void {
  const pages = payload === '' ? USUAL_PAGES : Math.ceil(payload.length / PAGE.base64)
  media.payload += payload.length
  media.images += MOST_PAGES
  media.endless = true
  media.guess += pages * PAGE.tokens
}

/** Adds content that is stored at the provider, where the files of all clients are. */
export function addFile(media: Media): void {
  media.unbounded.set('file ids', 'files')
}

/** Adds a reference to an earlier audio response. */
export function addAudioId(media: Media): void {
  media.unbounded.set('audio ids', 'stored')
}

/** Adds a content part of an unknown type. Its bytes count as text, but it may have more input. */
export function addUnknown(media: Media): void {
  media.endless = true
}
