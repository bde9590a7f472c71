/**
 * What media in a prompt can cost in tokens: never their bytes. Images are counted, since each model has a largest size
 * of its own; of a document, a sound or anything else nobody knows without reading it, so that only the model's own
 * maximum bounds it.
 */

import type { AllowedFeature } from '../dialect.ts'

/** What is found in a prompt beside its text, added up. */
export interface Media {
  /** Bytes of the body that are no text, because they are an image or a document. */
  payload: number
  images: number
  /** There is something of any size. */
  endless: boolean
  /** Tokens as a rule. */
  guess: number
  /** Kinds of stored content that the prompt names by id, each with the setting that allows it. */
  unbounded: Map<string, AllowedFeature>
  /** Definitions of tools that come in the course of the prompt. */
  tools: unknown[]
}

export function noMedia(): Media {
  return { payload: 0, images: 0, endless: false, guess: 0, unbounded: new Map(), tools: [] }
}

/** Adds an image of about so many tokens; `payload` is its content where the body holds it (an address is text). */
export function addImage(media: Media, guess: number, payload = ''): void {
  media.payload += payload.length
  media.images++
  media.guess += guess
}

/** Base64 of a page with text and pictures, about; and the tokens it makes. */
const PAGE = { base64: 100_000, tokens: 3000 }
/** A document that is only named may have any length. */
const USUAL_PAGES = 4
/** Each page is shown to the model as a picture as well, and no provider takes more of them at once from a short context. */
const MOST_PAGES = 100

export function addDocument(media: Media, payload = ''): void {
  const pages = payload === '' ? USUAL_PAGES : Math.ceil(payload.length / PAGE.base64)
  media.payload += payload.length
  media.images += MOST_PAGES
  media.endless = true
  media.guess += pages * PAGE.tokens
}

/** Something that lies at the provider, where all callers' files do. */
export function addFile(media: Media): void {
  media.unbounded.set('file ids', 'files')
}

/** An earlier audio answer, which the request names by its id. */
export function addAudioId(media: Media): void {
  media.unbounded.set('audio ids', 'stored')
}

/** A content part of a kind the gateway does not know: its bytes count as text, but may not be all of it. */
export function addUnknown(media: Media): void {
  media.endless = true
}
