/** What an embeddings request asks for. Its input may come as tokens, which are counted as they are. */

import type { Ask } from './dialect.ts'
import { readModel, readTextOrList } from './fields.ts'
import { BYTES_PER_TOKEN, growthOf } from './prompt-size.ts'
import { openRequest } from './request.ts'

const relied = { fields: ['model'], containers: ['input'] }

export function askEmbeddings(body: unknown, raw: Buffer): Ask {
  const request = openRequest(body, raw, relied)
  const input = readTextOrList(request, 'input')
  return {
    model: readModel(request),
    stream: false,
    ceiling: undefined,
    predicted: 0,
    images: 0,
    answers: 1,
    hasOutput: false,
    inputBound: sizeOf(input, text => Buffer.byteLength(text) + growthOf(text)),
    textBytes: sizeOf(input, Buffer.byteLength),
    unseen: false,
    inputGuess: sizeOf(input, text => Math.ceil(Buffer.byteLength(text) / BYTES_PER_TOKEN)),
    cacheWrite: 'none',
    tier: undefined,
    speed: undefined,
    geo: undefined,
    hiddenOutput: false,
    unbounded: [],
    wantsUsageFrame: false,
    stores: false,
    promptCacheKey: undefined,
  }
}

/** Texts by the given measure, and tokens one by one, however they are put in lists. */
function sizeOf(input: unknown, measure: (text: string) => number): number {
  if (typeof input === 'string') return measure(input)
  if (!Array.isArray(input)) return 1
  let size = 0
  for (const one of input) size += sizeOf(one, measure)
  return size
}
