/**
 * Decodes the replies of Redis in place of the decoder of ioredis, which takes five to seven times the CPU: it reads a
 * WeakMap for each step of each element. The values are those of ioredis with its default `replyMapping`.
 */

import { ReplyError } from 'ioredis'
import resp from 'ioredis/built/resp/decoder.js'

/** What a connection of ioredis does with its replies. */
export interface Receiver {
  onReply(reply: unknown): void
  onErrorReply(error: Error): void
  onPush(items: unknown[]): void
}

/** An array, and the number of its items that have come. */
interface Open {
  items: unknown[]
  filled: number
  isPush: boolean
}

type Unfinished = typeof UNFINISHED
/** The chunk ends before the element. */
const UNFINISHED = Symbol('unfinished')
/** The element is an array. Its items come next. */
const OPENED = Symbol('opened')

const [CR, PLUS, MINUS, ZERO] = [13, 43, 45, 48]

export class ReplyDecoder {
  /** By the first character of an element. */
  static readonly #kinds: Record<string, (decoder: ReplyDecoder) => unknown> = {
    $: decoder => decoder.#bytes(),
    ':': decoder => decoder.#number(),
    '*': decoder => decoder.#array(),
    '~': decoder => decoder.#array(),
    '%': decoder => decoder.#array(2),
    '>': decoder => decoder.#array(1, true),
    '+': decoder => decoder.#line(),
    ',': decoder => decoder.#line(),
    _: decoder => decoder.#read(decoder.#line(), () => null),
    '#': decoder => decoder.#read(decoder.#line(), line => (line.toString() === 't' ? 1 : 0)),
    '(': decoder => decoder.#read(decoder.#line(), line => line.toString()),
    // The text has a prefix of four characters, such as `txt:`.
    '=': decoder => decoder.#read(decoder.#bytes(), bytes => bytes.subarray(4)),
    '-': decoder => decoder.#read(decoder.#line(), errorOf),
    '!': decoder => decoder.#read(decoder.#bytes(), errorOf),
  }
  static readonly #byCode = Array.from({ length: 256 }, (_, code) => this.#kinds[String.fromCharCode(code)])

  readonly #receiver: Receiver
  /** Arrays that are not complete, the outermost first. */
  readonly #open: Open[] = []
  #chunk: Buffer = Buffer.alloc(0)
  #at = 0
  /** The parts of an unfinished element, and how many bytes it needs at least. */
  #parts: Buffer[] = []
  #missing = 0

  constructor(receiver: Receiver) {
    this.#receiver = receiver
  }

  write(chunk: Buffer): void {
    if (this.#parts.push(chunk) > 1 && chunk.length < this.#missing) {
      this.#missing -= chunk.length
      return
    }
    this.#chunk = this.#parts.length > 1 ? Buffer.concat(this.#parts) : chunk
    this.#parts = []
    this.#at = 0
    while (this.#at < this.#chunk.length) {
      const start = this.#at
      this.#missing = 0
      const value = this.#element()
      if (value === UNFINISHED) {
        this.#parts.push(this.#chunk.subarray(start))
        return
      }
      if (value !== OPENED) this.#add(value)
    }
  }

  #element(): unknown {
    const code = this.#chunk[this.#at++]!
    const kind = ReplyDecoder.#byCode[code]
    if (!kind) throw new Error(`Unknown RESP type ${code} "${String.fromCharCode(code)}"`)
    return kind(this)
  }

  #number(): number | Unfinished {
    const chunk = this.#chunk
    const sign = chunk[this.#at]
    let number = 0
    for (let at = sign === MINUS || sign === PLUS ? this.#at + 1 : this.#at; at < chunk.length - 1; at++) {
      const byte = chunk[at]!
      if (byte === CR) {
        this.#at = at + 2
        return sign === MINUS ? -number : number
      }
      number = number * 10 + byte - ZERO
    }
    return UNFINISHED
  }

  #line(): Buffer | Unfinished {
    const start = this.#at
    const end = this.#chunk.indexOf('\r\n', start)
    if (end < 0) return UNFINISHED
    this.#at = end + 2
    return this.#chunk.subarray(start, end)
  }

  #bytes(): Buffer | null | Unfinished {
    const length = this.#number()
    if (length === UNFINISHED) return UNFINISHED
    if (length < 0) return null
    const start = this.#at
    const end = start + length
    this.#at = end + 2
    this.#missing = this.#at - this.#chunk.length
    return this.#missing > 0 ? UNFINISHED : this.#chunk.subarray(start, end)
  }

  /** `width`: values in one item. */
  #array(width = 1, isPush = false): unknown {
    const length = this.#number()
    if (length === UNFINISHED) return UNFINISHED
    if (length < 0) return null
    if (length === 0) return []
    this.#open.push({ items: new Array(length * width), filled: 0, isPush })
    return OPENED
  }

  #read<Read>(bytes: Buffer | null | Unfinished, read: (bytes: Buffer) => Read): Read | null | Unfinished {
    return bytes === UNFINISHED || bytes === null ? bytes : read(bytes)
  }

  #add(value: unknown): void {
    let item = value
    for (let open = this.#open.at(-1); open; open = this.#open.at(-1)) {
      open.items[open.filled++] = item
      if (open.filled < open.items.length) return
      this.#open.pop()
      if (open.isPush) {
        this.#receiver.onPush(open.items)
        return
      }
      item = open.items
    }
    if (item instanceof Error) this.#receiver.onErrorReply(item)
    else this.#receiver.onReply(item)
  }
}

function errorOf(text: Buffer): Error {
  return new ReplyError(text.toString())
}

/** All connections that are opened later use it. */
Object.assign(resp, { Decoder: ReplyDecoder })
