/** Delivers a stream. It is buffered until its first event, so that an error instead of output gets its own HTTP status. */

import { beginsError } from '../dialects/wire/error-frames.ts'
import type { Headers, Sink } from './connection.ts'
import { refuseInside } from './deliver-json.ts'
import { type Delivery, failed } from './delivery.ts'
import { unreadable } from './errors.ts'
import { LAST_BYTES, passAsItComes } from './pass.ts'
import { keepBeginning } from './sinks.ts'

export function deliverStream(delivery: Delivery, headers: Headers): Sink {
  const { attempt, end, request } = delivery
  attempt.isSuccess = true
  return delivery.metered(
    keepBeginning({
      announces: () => request.meter?.begun?.() === false && request.meter.failed?.() === undefined,
      beginsError,
      refuse(beginning) {
        if (!refuseInside(delivery, headers, beginning, true)) return false
        setTimeout(attempt.abort, LAST_BYTES).unref()
        return true
      },
      open: () => passAsItComes(delivery, headers),
      empty(failure) {
        if (failure) failed(delivery, failure)
        else end(unreadable('the stream has no event'))
      },
    }),
  )
}
