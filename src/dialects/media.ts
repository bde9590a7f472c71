/**
 * What media in a prompt can cost in tokens: never their bytes. An image has a largest size; of a document, a sound
 * or anything else nobody knows without reading it, so that only the model's own maximum bounds it.
 */

/** What is found in a prompt beside its text, added up. */
export interface Media {
  /** Bytes of the body that are no text, because they are an image or a document. */
  payload: number
  /** Tokens at most; Infinity where only the model bounds it. */
  most: number
  /** Tokens as a rule. */
  guess: number
  /** Something is named that lies at the provider. */
  files: boolean
  /** Definitions of tools that come in the course of the prompt. */
  tools: unknown[]
}

/** Tokens: at most, and as a rule. */
export interface Size {
  most: number
  guess: number
}

/** 2,576 pixels on the long edge, at 750 pixels a token. */
export const claudeImage: Size = { most: 4784, guess: 1600 }
/** By patches: 12 megapixels at automatic detail are 14,364 tokens on the hungriest model. */
export const openaiImage: Size = { most: 15_000, guess: 1000 }

export function noMedia(): Media {
  return { payload: 0, most: 0, guess: 0, files: false, tools: [] }
}

/** Adds one image or the like; `payload` is its content where the body holds it (an address is text). */
export function addMedia(media: Media, size: Size, payload = ''): void {
  media.payload += payload.length
  media.most += size.most
  media.guess += size.guess
}

/** Base64 of a page with text and pictures, about; and the tokens it makes. */
const PAGE = { base64: 100_000, tokens: 3000 }
/** A document that is only named may have any length. */
const USUAL_PAGES = 4

export function addDocument(media: Media, payload = ''): void {
  const pages = payload === '' ? USUAL_PAGES : Math.ceil(payload.length / PAGE.base64)
  addMedia(media, { most: Number.POSITIVE_INFINITY, guess: pages * PAGE.tokens }, payload)
}

/** Something that lies at the provider, where all callers' files do. */
export function addFile(media: Media): void {
  media.files = true
}

/** A content part of a kind the gateway does not know: its bytes count as text, but may not be all of it. */
export function addUnknown(media: Media): void {
  media.most = Number.POSITIVE_INFINITY
}
