/** The simulated provider's reply to one request, before it takes the shape of an API. */

import { hash } from 'node:crypto'
import type { UsagePart } from '../../src/dialects/dialect.ts'
import { type Generated, generate } from './generation.ts'
import type { Counts, Scenario } from './scenario.ts'

export interface Reply {
  /** 24 hexadecimal digits, the same for the same request. */
  id: string
  model: string
  /** The text, in the pieces that a stream sends one by one. */
  pieces: string[]
  counts: Counts
  /** Set if the response comes at the pace of a model. */
  generated: Generated | undefined
  report: Scenario['report']
  tier: string | undefined
  /** The request's body, parsed. */
  request: Record<string, unknown>
}

/** One of the provider's APIs. */
export interface Api {
  family: 'anthropic' | 'openai'
  json(reply: Reply): object
  stream?(reply: Reply): StreamFrames
  /** The frames of an error in the middle of a stream. */
  errorFrames?: string
  /** The usage that `json` and `stream` report, with the names of the ledger. */
  served(reply: Reply): UsagePart[]
}

/** The frames before, of and after the pieces of text. */
export interface StreamFrames {
  head: string
  /** The frames at the end of hidden reasoning; empty for a response without it. */
  reasoned: string
  pieces: string[]
  tail: string
}

/** True if the response begins with tokens that are never shown. */
export function reasons({ generated }: Reply): boolean {
  return generated !== undefined && generated.reasoning > 0
}

/** Seconds since 1970: every response has the same time, so that equal requests get equal bytes. */
export const created = 1_790_000_000

const kilobyte = 'All work and no play makes a dull gateway. '.padEnd(1024, '. ')

/** The usage is a plausible one, never more than the request's bytes and ceiling allow. */
export function replyTo(body: Buffer, request: Record<string, unknown>, scenario: Scenario): Reply {
  const id = hash('sha1', body).slice(0, 24)
  const generated = scenario.generation && generate(scenario.generation, ceiling(request))
  const guess = Math.ceil(body.length / 4)
  return {
    id,
    model: scenario.model ?? String(request.model),
    pieces: generated?.pieces ?? pieces(scenario, id),
    counts: {
      input: generated ? guess : Math.min(guess, 1500),
      cacheRead: 0,
      cacheWrite5m: 0,
      cacheWrite1h: 0,
      output: generated?.output ?? Math.min(ceiling(request), 16),
      reasoning: generated?.reasoning ?? 0,
      searches: 0,
      ...scenario.counts,
    },
    generated,
    report: scenario.report,
    tier: scenario.tier,
    request,
  }
}

/** A part of the call with the ledger's names; each API overrides the fields that it reports in more detail. */
export function usagePart(reply: Reply, part: Partial<UsagePart> = {}): UsagePart {
  const { searches, ...counts } = reply.counts
  const tools: Record<string, number> = searches > 0 ? { web_search: searches } : {}
  const whole = { model: reply.model, tier: reply.tier, speed: undefined, geo: undefined, cacheWriteOther: 0 }
  return { ...whole, ...counts, tools, ...part }
}

function pieces({ chunks, megabytes }: Scenario, id: string): string[] {
  if (megabytes > 0) return Array.from({ length: megabytes * 1024 }, () => kilobyte)
  if (chunks === undefined) return ['Here you are ✓ ', 'answer ', `${id.slice(0, 8)}.`]
  return Array.from({ length: chunks }, (_, index) => `wörd ${index} `)
}

function ceiling(request: Record<string, unknown>): number {
  const named = request.max_tokens ?? request.max_completion_tokens ?? request.max_output_tokens
  return typeof named === 'number' ? named : Number.POSITIVE_INFINITY
}
