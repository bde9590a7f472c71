/** Meters a JSON answer: parsed once it is there, or, where it is too large for that, read at its two ends. */

import type { Meter, UsagePart } from './dialect.ts'
import { asBuffer, excerptMembers, keeper } from './excerpt.ts'
import type { JsonObject } from './json.ts'

/** `names`: the answer's members that `read` looks at. */
export function jsonMeter(
  names: readonly string[],
  read: (answer: JsonObject) => { usage: UsagePart[] | undefined; failed?: string | undefined },
): Meter {
  const answer = keeper()
  return {
    push: chunk => answer.keep(asBuffer(chunk)),
    end() {
      const members = excerptMembers(answer.take(), names)
      const { usage, failed } = members ? read(members) : {}
      const ended = members !== undefined
      return { usage, partial: {}, ended, failed, visibleBytes: 0, events: 0, midFrame: false }
    },
  }
}
