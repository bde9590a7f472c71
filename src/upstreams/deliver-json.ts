/** JSON is collected and sent in one piece, if there is room for it; else it passes as it comes. */

import { responseShapes } from '../dialects/index.ts'
import { redactedResponse } from '../dialects/wire/error-frames.ts'
import { errorInside } from '../dialects/wire/error-inside.ts'
import { isAboutAccount } from '../dialects/wire/upstream-error.ts'
import type { Headers, Sink } from './connection.ts'
import { type Delivery, failed } from './delivery.ts'
import { failedInside, refusedBy, unreadable } from './errors.ts'
import { mediaType, responseHeaders } from './headers.ts'
import { passAsItComes } from './pass.ts'
import { collect, discard } from './sinks.ts'

/** Takes a whole JSON response with status 200 and usage. */
export type Complete = (response: { contentType: string; body: Buffer }) => void

export interface Room {
  /** The longest response that is collected, in bytes. */
  limit: number
  /** Counts `added` bytes; false where there is no room for them. */
  grow(added: number): boolean
}

export function deliverJson(
  delivery: Delivery,
  { status, headers }: { status: number; headers: Headers },
  room: Room,
  complete: Complete,
): Sink {
  const { attempt, end, measure, redaction, redactor, reply } = delivery
  attempt.isSuccess = attempt.answered = true
  const overflow = () => passAsItComes(delivery, headers)
  if (Number(headers['content-length'] ?? 0) > room.limit) return delivery.metered(overflow())
  return delivery.metered(collect(room.grow, { whole, overflow, fail: failure => failed(delivery, failure) }))

  function whole(body: Buffer) {
    const measured = measure()
    if (!measured?.ended) {
      attempt.unclear = true
      return end(unreadable('the response is not a complete JSON object'))
    }
    if (measured.failed !== undefined) {
      if (refuseInside(delivery, headers, body, false)) return
      if (isAboutAccount(measured.failed)) return end(failedInside(measured.failed))
    }
    reply.code(status).headers(responseHeaders(headers))
    const shown = redactedResponse(body, measured, redaction, redactor, responseShapes)
    // Any other error beside output is delivered, and never cached.
    if (measured.failed === undefined && status === 200 && measured.usage)
      complete({ contentType: mediaType(headers), body: shown })
    end(undefined, shown)
  }
}

/** The caller asked for a stream and the provider sent JSON: it is metered, and refused unless it is an error. */
export function refuseJson(delivery: Delivery, headers: Headers, room: Room): Sink {
  const { attempt, end, measure } = delivery
  const refuse = () => {
    attempt.answered = attempt.unclear = true
    end(unreadable(`content-type ${mediaType(headers)} in response to a request for a stream`))
  }
  const whole = (body: Buffer) => {
    const measured = measure()
    if (!measured?.ended) {
      attempt.answered = attempt.unclear = true
      return end(unreadable('the response is not a complete JSON object'))
    }
    if (measured.failed === undefined || !refuseInside(delivery, headers, body, false)) refuse()
  }
  const fail: Sink['fail'] = failure => failed(delivery, failure)
  const overflow = () => ({ ...discard, end: refuse, fail })
  return delivery.metered(collect(room.grow, { whole, overflow, fail }))
}

/** An error instead of output, as the status that it stands for. Returns false if `bytes` hold none. */
export function refuseInside(
  { attempt, end, redaction, request }: Delivery,
  headers: Headers,
  bytes: Buffer,
  isStream: boolean,
): boolean {
  const error = errorInside(bytes, isStream, responseShapes)
  if (!error) return false
  attempt.refused = true
  attempt.isSuccess = false
  const reason = `the provider answered ${error.status} inside a 200 response`
  end(refusedBy(request.call.dialect, { ...error, headers }, redaction, reason))
  return true
}
