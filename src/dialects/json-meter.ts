/** Meters a JSON response: parsed once it is there, or, where it is too large for that, read as it goes by. */

import type { Meter, UsagePart } from './dialect.ts'
import { asBuffer, keeper } from './excerpt.ts'
import { type JsonObject, parseObject } from './json.ts'
import type { Shape } from './pruner.ts'

/** `shape`: the members of the response that `read` looks at. */
export function jsonMeter(
  shape: Shape,
  read: (response: JsonObject) => { usage: UsagePart[] | undefined; failed?: string | undefined },
): Meter {
  const response = keeper(shape)
  return {
    push: chunk => response.keep(asBuffer(chunk)),
    end() {
      const { bytes, large } = response.take()
      const members = large ? large.members : parseObject(bytes.toString('utf8'))
      const { usage, failed } = members ? read(members) : {}
      const ended = members !== undefined
      return { usage, partial: {}, ended, failed, visibleBytes: 0, events: 0, midFrame: false }
    },
  }
}
