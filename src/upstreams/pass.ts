/** Passes on streams, and JSON responses that are too large to collect, without buffering. */

import { responseShapes } from '../dialects/index.ts'
import { errorFrames, redactedChunks } from '../dialects/wire/error-frames.ts'
import type { Headers, Sink } from './connection.ts'
import { type Delivery, isUnclear } from './delivery.ts'
import { brokenOff, failedInside, unreadable } from './errors.ts'
import { flowHeaders, ownHeaders, responseHeaders } from './headers.ts'
import { passOn } from './sinks.ts'

/** Time for an upstream to end its response after the last event (ms): a connection that is cut cannot be reused. */
export const LAST_BYTES = 1000

export function passAsItComes(delivery: Delivery, headers: Headers): Sink {
  const { attempt, breakOff, end, measure, redaction, redactor, reply, request } = delivery
  const { dialect, parsed } = request.call
  const { raw } = reply
  delivery.begin(ended)
  reply.hijack()
  if (!raw.destroyed) {
    raw.writeHead(200, {
      ...ownHeaders(reply),
      ...responseHeaders(headers),
      ...flowHeaders(request, headers),
    })
    raw.flushHeaders()
  }
  const hide = request.edits.includeUsage ? dialect.hideUsageFrame?.() : undefined
  const errors = errorFrames(redaction, redactor, responseShapes)
  const filter = {
    push(chunk: Buffer) {
      const bytes = hide ? hide.push(chunk) : chunk
      return bytes && errors.push(bytes)
    },
    end() {
      const bytes = hide?.end()
      return Buffer.concat([bytes && errors.push(bytes), errors.end()].flatMap(one => one ?? []))
    },
  }
  return passOn(raw, parsed.stream ? filter : redactedChunks(redaction, redactor, responseShapes), {
    resume: attempt.resume,
    isWhole: () => request.meter?.ended?.() === true,
    passed() {
      attempt.passed = true
      // An upstream that does not close after its last event keeps neither the caller nor the hold.
      delivery.endWithin(LAST_BYTES, () => {
        ended()
        attempt.abort()
      })
    },
    // Bytes or a reset after a stream's last event do not change its outcome; some providers send no end marker after the usage.
    fail(failure, flush) {
      const { ended: isWhole, finished, usage } = measure() ?? {}
      if (isWhole || (finished && usage)) {
        flush()
        return ended()
      }
      attempt.unclear = isUnclear(failure)
      breakOff(brokenOff(failure), true)
    },
    ended,
  })

  function ended() {
    if (attempt.endedAt !== undefined) return
    const { ended: isWhole, finished, failed } = measure() ?? {}
    if (failed !== undefined) return breakOff(failedInside(failed), false)
    if (!isWhole && !finished) return breakOff(unreadable('the response stopped before its end'), true)
    raw.end()
    end()
  }
}
