/** Meters a JSON response: parsed once it is there, or, where it is too large for that, read as it goes by. */

import type { Measured, Meter } from '../dialect.ts'
import { asBuffer, cappedBuffer } from './capped-buffer.ts'
import { type JsonObject, parseObject } from './json.ts'
import type { Shape } from './pruner.ts'

/** What is known before anything is read. */
export const unmeasured: Measured = {
  usage: undefined,
  statedNanos: undefined,
  unnamedTokens: 0,
  refused: false,
  partial: {},
  ended: false,
  failed: undefined,
  visibleBytes: 0,
  events: 0,
  midFrame: false,
}

/** `shape`: the members of the response that `read` looks at. */
export function jsonMeter(shape: Shape, read: (response: JsonObject) => Partial<Measured>): Meter {
  const response = cappedBuffer(shape)
  return {
    push: chunk => response.keep(asBuffer(chunk)),
    end() {
      const { bytes, large } = response.take()
      const members = large ? large.members : parseObject(bytes.toString('utf8'))
      return members ? { ...unmeasured, ...read(members), ended: true } : unmeasured
    },
  }
}
