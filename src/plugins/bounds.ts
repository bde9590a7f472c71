/** The highest cost of a call, and the hold it needs now: pure functions of the request. */

import type { FastifyRequest } from 'fastify'
import { boundNanos, LOOKAHEAD_SECONDS, largestInput, type Priceable } from '../pricing/bound.ts'

/** Milliseconds between two extensions of a replica's holds. */
export const EXTEND_EVERY = 2000

/** The highest cost of a call. `input` and `output` bound its tokens (`output`: of each response). */
export function moneyBound(request: FastifyRequest, most: { input?: number; output?: number } = {}): number {
  return boundNanos(request.route.price, priceable(request, most))
}

/**
 * The hold that the call needs from `now` (monotonic, ms) until the next extensions; at most its whole bound. `input`
 * bounds the tokens of its prompt.
 */
export function neededNanos(request: FastifyRequest, now: number, input?: number): number {
  const { reservation } = request
  const most = input === undefined ? {} : { input }
  if (!reservation.grows || reservation.outputRate === undefined) return moneyBound(request, most)
  const ahead = reservation.outputRate * LOOKAHEAD_SECONDS
  return moneyBound(request, { ...most, output: Math.ceil(generatedBy(request, now) + ahead) })
}

/** Output tokens that each response can have at `now`: the tokens seen, or the time since the request was sent x the rate. */
export function generatedBy({ call, reservation, attempt, meter }: FastifyRequest, now: number): number {
  if (!attempt || reservation.outputRate === undefined) return 0
  const seconds = (now - attempt.startedAt) / 1000
  return Math.max(reservation.outputRate * seconds, (meter?.outputSoFar ?? 0) / call.parsed.completions)
}

/** The parts of the request that its price depends on. */
export function priceable(
  { call, edits, route, countedInput = Number.POSITIVE_INFINITY }: FastifyRequest,
  { input = Number.POSITIVE_INFINITY, output = Number.POSITIVE_INFINITY } = {},
): Priceable {
  const { parsed } = call
  // The exact count includes images.
  const inputBound = Math.min(largestInput(route.price, parsed), countedInput, input)
  const maxOutputTokens = Math.min(
    edits.maxOutputTokens ?? parsed.maxOutputTokens ?? route.price.maxOutput,
    output,
  )
  return { ...parsed, inputBound, images: 0, maxOutputTokens }
}
