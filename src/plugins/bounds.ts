/** The highest cost of a call, and the hold it needs now: pure functions of the request. */

import type { FastifyRequest } from 'fastify'
import { boundNanos, LOOKAHEAD_SECONDS, largestInput, type Priceable } from '../pricing/bound.ts'

/** Milliseconds between two extensions of a replica's holds. */
export const EXTEND_EVERY = 2000

/** Limits on the tokens of a call that are tighter than its request's. `output`: of each response. */
interface Most {
  input?: number
  output?: number
}

const NO_LIMIT: Most = {}

/** The highest cost of a call. `most` bounds its tokens. */
export function moneyBound(request: FastifyRequest, most = NO_LIMIT): number {
  return boundNanos(request.route.price, priceable(request, most))
}

/**
 * The hold that the call needs from `now` (monotonic, ms) until the next extensions; at most its whole bound. `input`
 * bounds the tokens of its prompt.
 */
export function neededNanos(request: FastifyRequest, now: number, input?: number): number {
  const { reservation } = request
  const most: Most = input === undefined ? {} : { input }
  if (reservation.grows && reservation.outputRate !== undefined)
    most.output = Math.ceil(generatedBy(request, now) + reservation.outputRate * LOOKAHEAD_SECONDS)
  return moneyBound(request, most)
}

/** Output tokens that each response can have at `now`: the tokens seen, or the time since the request was sent x the rate. */
export function generatedBy({ call, reservation, attempt, meter }: FastifyRequest, now: number): number {
  if (!attempt || reservation.outputRate === undefined) return 0
  const seconds = (now - attempt.startedAt) / 1000
  return Math.max(reservation.outputRate * seconds, (meter?.outputSoFar?.() ?? 0) / call.parsed.completions)
}

/** The parts of the request that its price depends on. */
export function priceable(
  { call, edits, route, countedInput = Number.POSITIVE_INFINITY }: FastifyRequest,
  { input = Number.POSITIVE_INFINITY, output = Number.POSITIVE_INFINITY } = NO_LIMIT,
): Priceable {
  const { parsed } = call
  // The exact count includes images.
  const inputBound = Math.min(largestInput(route.price, parsed), countedInput, input)
  const maxOutputTokens = Math.min(
    edits.maxOutputTokens ?? parsed.maxOutputTokens ?? route.price.maxOutput,
    output,
  )
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
