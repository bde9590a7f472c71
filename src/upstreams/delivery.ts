/** The state that all deliveries of a response share, and the ways to end a call. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import type { Redactor } from '../config/redactor.ts'
import type { Measured } from '../dialects/dialect.ts'
import type { Redaction } from '../dialects/wire/redact.ts'
import type { Refusal } from '../errors.ts'
import type { Attempt } from './attempt.ts'
import type { Failure, Sink } from './connection.ts'
import { brokenOff, failedInside } from './errors.ts'

export interface Delivery {
  request: FastifyRequest
  reply: FastifyReply
  attempt: Attempt
  redaction: Redaction
  redactor: Redactor
  /** Ends the metering of the response. */
  measure(): Measured | undefined
  /** Each byte of the response is metered before it is delivered. */
  metered(sink: Sink): Sink
  /**
   * Ends the call with a refusal, with a whole JSON response, or with neither after a response that has passed. Later calls
   * change nothing.
   */
  end(error?: Refusal, response?: Buffer): void
  /** Begins the response: a later error is an event of the stream. `ended` ends it after its last event. */
  begin(ended: () => void): void
  /** Ends a begun response: sends the format's error event if `isSent`, then destroys the socket. */
  breakOff(error: Refusal, isSent: boolean): void
  /** Ends the call in `ms`, unless it ends before. */
  endWithin(ms: number, then: () => void): void
}

/** After these failures the generated output is unknown. */
export function isUnclear(failure: Failure): boolean {
  return failure === 'timeout' || failure === 'undecodable'
}

/** Ends a call whose response has not begun. */
export function failed({ attempt, end }: Delivery, failure: Failure): void {
  if (attempt.endedAt === undefined) attempt.unclear = isUnclear(failure)
  end(brokenOff(failure))
}

/** The error that ended a stream as one of its events. */
export function brokenInside({ request, breakOff }: Delivery): void {
  const failure = request.meter?.failed?.()
  if (failure !== undefined) breakOff(failedInside(failure), false)
}
