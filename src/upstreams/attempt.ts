/** One request to one upstream, and the facts of its response. A call that is tried again has one attempt after the other. */

import type { Pool } from 'undici'
import { type Failure, type Headers, type Line, type Sink, send } from './connection.ts'
import { codingsIn, decoded, isDecodable } from './encodings.ts'

/** Times are on the monotonic clock, in milliseconds. */
export interface AttemptFacts {
  /** Bytes were written to a connection. From then on the call may be charged by the provider. */
  readonly sent: boolean
  startedAt: number
  /** When the first byte of the response's body arrived. */
  firstByteAt: number | undefined
  endedAt: number | undefined
  /** A response without an error has begun. */
  isSuccess: boolean
  /** When the headers of the response arrived. */
  respondedAt: number | undefined
  /** It ended by a time-out or cannot be read, so the generated output is unknown. */
  unclear: boolean
  /** The provider answered with an error status, so nothing is charged. */
  refused: boolean
  /** A response without an error status has come. Its bytes may reach the caller, so no other target is tried. */
  answered: boolean
  /** It was charged before the next attempt began. */
  charged: boolean
  /** The stream was written to the caller's connection up to its last event. */
  passed: boolean
}

interface Message {
  /** The upstream's connections. */
  pool: Pool
  path: string
  headers: Record<string, string> | Promise<Record<string, string>>
  body: Buffer
  /** Milliseconds; undefined: the pool's time-out. */
  headersTimeout?: number | undefined
}

/** Takes the response. Each function that gets headers returns the sink of the decoded body. */
export interface Receiver {
  /** The status is an error. */
  refused(status: number, headers: Headers): Sink
  accepted(status: number, headers: Headers): Sink
  /** The body has a content coding that cannot be decoded. */
  undecodable(codings: string): Sink
  /** No response will come. */
  fail(failure: Failure): void
}

/** A class, because an object with a getter of its own takes 800 bytes more. */
export class Attempt implements AttemptFacts {
  readonly #receiver: Receiver
  #line: Line | undefined
  #aborted = false
  #resume = () => this.#line?.resume()
  startedAt = performance.now()
  firstByteAt: number | undefined
  endedAt: number | undefined
  isSuccess = false
  respondedAt: number | undefined
  unclear = false
  refused = false
  answered = false
  charged = false
  passed = false

  constructor(receiver: Receiver) {
    this.#receiver = receiver
  }

  get sent(): boolean {
    return this.#line?.sent ?? false
  }

  send({ headers, ...message }: Message): void {
    if (headers instanceof Promise) this.#sendSigned(headers, message)
    else this.#send(headers, message)
  }

  /** Reads on, after a sink has returned false. */
  resume = () => this.#resume()
  abort = () => {
    this.#aborted = true
    this.#line?.abort()
  }

  #sendSigned(headers: Promise<Record<string, string>>, message: Omit<Message, 'headers'>): void {
    headers.then(
      signed => {
        if (this.#aborted) this.#receiver.fail('aborted')
        else this.#send(signed, message)
      },
      () => this.#receiver.fail('credentials'),
    )
  }

  #send(
    headers: Record<string, string>,
    { pool, headersTimeout, ...message }: Omit<Message, 'headers'>,
  ): void {
    const head = (status: number, headers: Headers) => this.#head(status, headers)
    const listener = { head, fail: this.#receiver.fail }
    this.#line = send(pool, { method: 'POST', ...message, headers }, listener, headersTimeout)
  }

  #head(status: number, headers: Headers): Sink {
    const receiver = this.#receiver
    const codings = codingsIn(headers['content-encoding'])
    if (status < 300 && !isDecodable(codings)) return receiver.undecodable(codings.join(', '))
    // The length is that of the encoded body.
    const known = codings.length > 0 ? { ...headers, 'content-length': undefined } : headers
    const sink = status >= 300 ? receiver.refused(status, known) : receiver.accepted(status, known)
    const decoder = decoded(codings, sink, this.#resume)
    this.#resume = decoder.resume
    return decoder
  }
}
