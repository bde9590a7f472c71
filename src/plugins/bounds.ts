/** The highest cost of a call, and the hold it needs now: pure functions of the request. */

import type { FastifyRequest } from 'fastify'
import { boundNanos, LOOKAHEAD_SECONDS, largestInput, type Priceable } from '../pricing/bound.ts'
import type { Price } from '../pricing/price.ts'
import type { Target } from './models.ts'

/** Milliseconds between two extensions of a replica's holds. */
export const EXTEND_EVERY = 2000

/** Limits on the tokens of a call that are tighter than its request's. `output`: of each response. */
interface Most {
  input?: number
  output?: number
}

const NO_LIMIT: Most = {}

/** The highest cost of a call at one target. `most` bounds its tokens. */
export function moneyBound(request: FastifyRequest, { price }: Target, most = NO_LIMIT): number {
  return boundNanos(price, priceable(request, price, most))
}

/** The highest cost of a call at any of its targets. */
export function highestBound(request: FastifyRequest, most = NO_LIMIT): number {
  let highest = 0
  let last: Price | undefined
  for (const target of request.targets) {
    // Upstreams without prices of their own share the price.
    if (target.price !== last) highest = Math.max(highest, moneyBound(request, target, most))
    last = target.price
  }
  return highest
}

/** The target at which the call can cost most. */
export function mostExpensive(request: FastifyRequest): Target {
  const { targets } = request
  if (targets.length === 1) return targets[0]!
  return targets.reduce((a, b) => (moneyBound(request, b) > moneyBound(request, a) ? b : a))
}

/**
 * The hold that the call needs from `now` (monotonic, ms) until the next extensions, whichever target serves it; at most its
 * whole bound. `input` bounds the tokens of its prompt.
 */
export function neededNanos(request: FastifyRequest, now: number, input?: number): number {
  return highestBound(request, neededTokens(request, now, input))
}

/** The same at the present target. */
export function neededHere(request: FastifyRequest, now: number): number {
  return moneyBound(request, request.route, neededTokens(request, now))
}

function neededTokens(request: FastifyRequest, now: number, input?: number): Most {
  const { reservation } = request
  const most: Most = input === undefined ? {} : { input }
  if (reservation.grows && reservation.outputRate !== undefined)
    most.output = Math.ceil(generatedBy(request, now) + reservation.outputRate * LOOKAHEAD_SECONDS)
  return most
}

/** Output tokens that each response can have at `now`: the tokens seen, or the time since the request was sent x the rate. */
export function generatedBy({ call, reservation, attempt, meter }: FastifyRequest, now: number): number {
  // The next attempt has a hold of its own.
  if (!attempt || attempt.charged || reservation.outputRate === undefined) return 0
  const seconds = (now - attempt.startedAt) / 1000
  return Math.max(reservation.outputRate * seconds, (meter?.outputSoFar?.() ?? 0) / call.parsed.completions)
}

/** The parts of the request that its price depends on. */
export function priceable(
  { call, edits, counted }: FastifyRequest,
  price: Price,
  { input = Number.POSITIVE_INFINITY, output = Number.POSITIVE_INFINITY } = NO_LIMIT,
): Priceable {
  const { parsed } = call
  // The exact count includes images. Another model may count more tokens.
  const countedInput = counted?.model === price.model ? counted.input : Number.POSITIVE_INFINITY
  const inputBound = Math.min(largestInput(price, parsed), countedInput, input)
  const maxOutputTokens = Math.min(edits.maxOutputTokens ?? parsed.maxOutputTokens ?? price.maxOutput, output)
  // Each member by its name: a copy of the whole request would cost as much as the bound itself.
  const { completions, predicted, hasOutput, cacheWrite, unbounded, tier, speed, geo } = parsed
  return {
    inputBound,
    images: 0,
    completions,
    maxOutputTokens,
    predicted,
    hasOutput,
    cacheWrite,
    unbounded,
    tier,
    speed,
    geo,
  }
}
