/** One HTTP request to a provider, by undici's dispatch: no stream in between, and a name for each way to fail. */

import { type Dispatcher, errors, Pool } from 'undici'
import { lateErrorConnector } from './late-errors.ts'

export type Failure =
  /** No connection ever stood: nothing was sent, nothing is owed. */
  | 'unreachable'
  /** Silent for longer than the time-out. */
  | 'timeout'
  /** The connection ended, or its bytes were no HTTP, before the response was whole. */
  | 'cut'
  /** The response's body does not decode as its content-encoding says. */
  | 'undecodable'
  /** The key cannot be used: it signs nothing, or gets no access token. Nothing was sent. */
  | 'credentials'
  /** We stopped it ourselves. */
  | 'aborted'

export type Headers = Record<string, string | string[] | undefined>

/** Takes the bytes of a response as they come. */
export interface Sink {
  /** Returns false to hold the provider back until `resume`. */
  data(chunk: Buffer): boolean
  end(): void
  fail(failure: Failure): void
}

export interface Listener {
  /** The headers of the response have arrived. The returned sink takes the body. */
  head(status: number, headers: Headers): Sink
  /** No response will come. */
  fail(failure: Failure): void
}

/** A call under way. */
export interface Line {
  /** Has anything been written to a connection that stood? From then on the call may be paid for. */
  readonly sent: boolean
  resume(): void
  abort(): void
}

export function openPool(origin: string, timeoutMs: number): Pool {
  return new Pool(origin, {
    // As many as calls run: MAX_CONCURRENT_CALLS is the one ceiling, and no stream waits for another one's end.
    connections: null,
    pipelining: 1,
    connect: lateErrorConnector({ timeout: 10_000 }),
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    keepAliveTimeout: 4000,
  })
}

/**
 * Sends one POST (or GET, without a body). It is sent again once if no connection could be made. `headersTimeout`: the longest
 * time to the headers of the response, that of the connection included, ms; undefined: as the pool's, after the connection.
 */
export function send(
  pool: Pool,
  request: {
    method: 'GET' | 'POST'
    path: string
    headers: Record<string, string>
    body: Buffer | null
  },
  listener: Listener,
  headersTimeout?: number,
): Line {
  let controller: Dispatcher.DispatchController | undefined
  let retried = false
  let aborted = false
  let gaveUp = false
  let sink: Sink | undefined
  const line = {
    sent: false,
    resume: () => controller?.resume(),
    abort: () => {
      aborted = true
      controller?.abort(new Error('stopped by the gateway'))
    },
  }
  // A connection that is made later serves other calls.
  const deadline = headersTimeout === undefined ? undefined : setTimeout(giveUp, headersTimeout).unref()
  const handler: Dispatcher.DispatchHandler = {
    onRequestStart(started) {
      controller = started
      if (aborted) return started.abort(new Error('stopped by the gateway'))
      line.sent = true
    },
    onResponseStart(controller, status, headers) {
      // Undici would keep them to the end of the response: about 8 KB for each open stream.
      controller.rawHeaders = null
      if (status < 200) return
      clearTimeout(deadline)
      sink = listener.head(status, headers)
    },
    onResponseData(data, chunk) {
      if (sink && !sink.data(chunk)) data.pause()
    },
    onResponseEnd: () => sink?.end(),
    onResponseError(_controller, error) {
      if (!line.sent && !aborted && !retried) {
        retried = true
        pool.dispatch(request, handler)
        return
      }
      clearTimeout(deadline)
      if (gaveUp) return
      const failure = aborted ? 'aborted' : line.sent ? failureOf(error) : 'unreachable'
      ;(sink ?? listener).fail(failure)
    },
  }
  pool.dispatch(request, handler)
  return line

  function giveUp() {
    if (aborted) return
    gaveUp = true
    line.abort()
    listener.fail(line.sent ? 'timeout' : 'unreachable')
  }
}

function failureOf(error: Error): Failure {
  return error instanceof errors.HeadersTimeoutError || error instanceof errors.BodyTimeoutError
    ? 'timeout'
    : 'cut'
}
