/** Meters a JSON response. It parses the whole response at the end; of a large response it reads some members from the chunks. */

import type { Measured, Meter } from '../dialect.ts'
import { asBuffer, cappedBuffer } from './capped-buffer.ts'
import { type JsonObject, parseObject } from './json.ts'
import type { Shape } from './pruner.ts'

/** The result before the first byte. */
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

/** `shape`: the members of the response that `read` uses. */
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
