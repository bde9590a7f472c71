/** A request that generates text, as all routes for text have it. */

import type { ParsedRequest } from '../dialect.ts'
import { lazy } from './lazy.ts'
import type { Media } from './media.ts'
import type { OpenRequest } from './open-request.ts'
import { BYTES_PER_TOKEN, MOST_GROWTH, normalizationGrowth, PER_MESSAGE } from './prompt-size.ts'
import { hidesWork } from './unbounded.ts'

type Computed = 'inputBound' | 'predicted' | 'inputGuess' | 'textBytes' | 'unseen' | 'images'

export interface Prompt {
  media: Media
  messages: number
  /** Hidden tokens that the provider adds, such as the system prompt about tools. */
  overhead: number
}

/** The bounds are computed when one is first read, because that takes time, and a refused call does not need them. */
export class TextRequest implements ParsedRequest {
  readonly model: string
  readonly stream: boolean
  readonly maxOutputTokens: number | undefined
  readonly completions: number
  readonly hasOutput: boolean
  readonly images: number
  readonly textBytes: number
  readonly unseen: boolean
  readonly inputGuess: number
  readonly cacheWrite: ParsedRequest['cacheWrite']
  readonly tier: string | undefined
  readonly speed: string | undefined
  readonly geo: string | undefined
  readonly hiddenOutput: boolean
  readonly unbounded: ParsedRequest['unbounded']
  readonly wantsUsageFrame: boolean
  readonly stores: boolean
  readonly recalls: string | undefined
  readonly promptCacheKey: string | undefined
  /** What the bounds are computed from. It is released then, because a long stream does not need its body. */
  #unread: { sent: OpenRequest; prompt: Prompt } | undefined
  #bounds = { inputBound: 0, predicted: 0 }

  constructor(sent: OpenRequest, prompt: Prompt, facts: Omit<ParsedRequest, Computed>) {
    const { media } = prompt
    this.model = facts.model
    this.stream = facts.stream
    this.maxOutputTokens = facts.maxOutputTokens
    this.completions = facts.completions
    this.hasOutput = facts.hasOutput
    this.images = media.images
    this.textBytes = Math.max(0, sent.raw.length - media.payload)
    this.unseen = media.endless || hidesWork(facts.unbounded)
    this.inputGuess = Math.ceil(this.textBytes / BYTES_PER_TOKEN) + media.guess
    this.cacheWrite = facts.cacheWrite
    this.tier = facts.tier
    this.speed = facts.speed
    this.geo = facts.geo
    this.hiddenOutput = facts.hiddenOutput
    this.unbounded = facts.unbounded
    this.wantsUsageFrame = facts.wantsUsageFrame
    this.stores = facts.stores
    this.recalls = facts.recalls
    this.promptCacheKey = facts.promptCacheKey
    this.#unread = { sent, prompt }
  }

  get inputBound(): number {
    return this.#measured().inputBound
  }

  get predicted(): number {
    return this.#measured().predicted
  }

  #measured() {
    if (this.#unread) {
      const { sent, prompt } = this.#unread
      this.#unread = undefined
      const growth = lazy(() => normalizationGrowth(sent.raw, sent.request, this.textBytes, sent.texts))
      const inputBound = this.unseen ? Number.POSITIVE_INFINITY : this.textBytes + growth() + hidden(prompt)
      this.#bounds = { inputBound, predicted: predicted(sent, growth) }
    }
    return this.#bounds
  }
}

/** Tokens that the provider adds to the text. */
function hidden({ messages, overhead }: Prompt): number {
  return messages * PER_MESSAGE + overhead
}

/**
 * Returns the highest output tokens of a prediction. Its rejected tokens are charged as output, and no provider documents that the
 * ceiling includes them. `growth` measures what normalising adds to the whole body.
 */
function predicted({ request, raw, members, texts }: OpenRequest, growth: () => number): number {
  const { prediction } = request
  if (!prediction) return 0
  const member = members.find(({ name }) => name === 'prediction')
  if (!member) return 0
  const bytes = member.end - member.start
  // The growth of the whole body also bounds the prediction's, unless the body is too long to be measured.
  const whole = growth()
  const own = texts.filter(({ open }) => open >= member.start && open < member.end)
  const most = Number.isFinite(whole) ? whole : normalizationGrowth(raw, prediction, bytes, own)
  return bytes + Math.min(most, MOST_GROWTH * bytes)
}
