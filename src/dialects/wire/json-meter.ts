/** Meters a JSON response. It parses the whole response at the end; of a large response it reads some members from the chunks. */

import type { Measured, Meter } from '../dialect.ts'
import { asBuffer, CappedBuffer } from './capped-buffer.ts'
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

type Read = (response: JsonObject) => Partial<Measured>

/** `shape`: the members of the response that `read` uses. */
export function jsonMeter(shape: Shape, read: Read): Meter {
  return new JsonMeter(shape, read)
}

class JsonMeter implements Meter {
  readonly #response: CappedBuffer
  readonly #read: Read

  constructor(shape: Shape, read: Read) {
    this.#response = new CappedBuffer(shape)
    this.#read = read
  }

  push(chunk: Uint8Array): void {
    this.#response.keep(asBuffer(chunk))
  }

  end(): Measured {
    const { bytes, large } = this.#response.take()
    const members = large ? large.members : parseObject(bytes.toString('utf8'))
    return members ? { ...unmeasured, ended: true, ...this.#read(members) } : unmeasured
  }
}
