/** Parses an embeddings request. Its input may be tokens, which count as they are. */

import type { ParsedRequest } from '../dialect.ts'
import { readModel, readTextOrList } from '../wire/fields.ts'
import { isObject } from '../wire/json.ts'
import type { Member } from '../wire/json-scan.ts'
import { withTexts } from '../wire/long-texts.ts'
import { addUnknown, noMedia } from '../wire/media.ts'
import { findMediaAnywhere } from '../wire/media-search.ts'
import { membersRead, openRequest, type Sent } from '../wire/open-request.ts'
import { BYTES_PER_TOKEN, normalizationGrowth } from '../wire/prompt-size.ts'
import { unboundedMedia, unboundedMembers } from '../wire/unbounded.ts'

const read = membersRead({ fields: ['model'], containers: ['input'] })

/** Members that add no input. The bytes of any other member count as text. */
const apart: ReadonlySet<string> = new Set(['model', 'input', 'encoding_format', 'dimensions', 'user'])

export function parseEmbeddings(...sent: Sent): ParsedRequest {
  const [body, bytesSent, scanned] = sent
  // The size of an object counts its texts.
  const { request, raw, members } = openRequest(
    [withTexts(body, bytesSent, scanned?.texts), bytesSent, scanned],
    read,
  )
  const input = readTextOrList(request, 'input')
  const model = readModel(request)
  const { tokens, bytes, guess, isText } = sizeOf(input)
  const others = members.filter(({ name }) => !apart.has(name))
  const more = Object.fromEntries(others.map(({ name }) => [name, request[name]]))
  const moreBytes = bytesOf(others)
  const media = noMedia()
  if (!isText) addUnknown(media)
  findMediaAnywhere([input, more], media)
  const textBytes = bytes + moreBytes
  const growth = normalizationGrowth(raw, [input, more], textBytes)
  return {
    model,
    stream: false,
    maxOutputTokens: undefined,
    predicted: 0,
    images: 0,
    completions: 1,
    hasOutput: false,
    inputBound: media.endless ? Number.POSITIVE_INFINITY : tokens + textBytes + growth,
    textBytes,
    unseen: media.endless,
    inputGuess: guess + Math.ceil(moreBytes / BYTES_PER_TOKEN),
    cacheWrite: 'none',
    tier: undefined,
    speed: undefined,
    geo: undefined,
    hiddenOutput: false,
    unbounded: [...unboundedMembers(request), ...unboundedMedia(media)],
    wantsUsageFrame: false,
    stores: false,
    promptCacheKey: undefined,
  }
}

interface Size {
  /** Number of tokens in the request, plus one for each empty text, as providers count it. */
  tokens: number
  /** Bytes of the texts. */
  bytes: number
  /** Approximate tokens. */
  guess: number
  /** False: an item is an object, which may name an image or a file. */
  isText: boolean
}

function sizeOf(input: unknown): Size {
  const size: Size = { tokens: 0, bytes: 0, guess: 0, isText: true }
  const add = (one: unknown) => {
    if (Array.isArray(one) && one.length > 0) for (const item of one) add(item)
    else if (typeof one === 'number' || Array.isArray(one)) addTokens(size, 1, 1)
    else {
      if (isObject(one)) size.isText = false
      const bytes = typeof one === 'string' ? Buffer.byteLength(one) : JSON.stringify(one).length
      size.bytes += bytes
      addTokens(size, bytes === 0 ? 1 : 0, Math.max(1, Math.ceil(bytes / BYTES_PER_TOKEN)))
    }
  }
  add(input)
  return size
}

function addTokens(size: Size, tokens: number, guess: number): void {
  size.tokens += tokens
  size.guess += guess
}

/** The bytes of the members, with their quotes, colons and commas. */
function bytesOf(members: readonly Member[]): number {
  return members.reduce(
    (bytes, { name, start, end }) => bytes + Buffer.byteLength(name) + '"":,'.length + end - start,
    0,
  )
}
