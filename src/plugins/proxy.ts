/** The routes: bytes to the provider, bytes back. JSON is collected and sent in one piece, streams pass as they come. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { collect, collectError, passOn, watched } from '../answers.ts'
import { asBuffer } from '../dialects/excerpt.ts'
import { dialects } from '../dialects/index.ts'
import { isAboutAccount } from '../dialects/upstream-error.ts'
import { veil, veiled } from '../dialects/veil.ts'
import type { Refusal } from '../errors.ts'
import { answerHeaders, flowHeaders, ownHeaders, upstreamHeaders } from '../headers.ts'
import { type Headers, type Line, type Sink, send } from '../upstream.ts'
import { brokenOff, failedInside, refusedBy, unreadable } from '../upstream-errors.ts'

/** How the talk with the provider went. */
export interface Exchange {
  /** Something was written to a connection that stood. */
  readonly sent: boolean
  startedAt: number
  /** When the first byte of an answer arrived. */
  firstByteAt: number | undefined
  endedAt: number | undefined
  /** A good answer has begun. */
  answering: boolean
  /** Time of the response headers. */
  answeredAt: number | undefined
  /** It ended by a time-out or cannot be read, so the generated output is unknown. */
  unclear: boolean
  /** The provider answered with an error status: nothing is owed. */
  refused: boolean
  /** The stream was written to the caller's connection up to its last event. */
  passed: boolean
}

declare module 'fastify' {
  interface FastifyRequest {
    exchange: Exchange | undefined
    /** A whole, good JSON answer. */
    answer: { contentType: string; body: Buffer } | undefined
    /** Ends the running call from our side, with the format's error. */
    cut: ((error: Refusal) => void) | undefined
  }
}

/** A last word is given this long to reach a slow reader before the socket goes. */
const LAST_WORD = 2000
/** Time for an upstream to end its response after the last event: a connection that is cut cannot be reused. */
const LAST_BYTES = 1000
/** So many full buffers may be collected at once in the whole process; beyond it answers pass uncollected. */
const BUFFERS = 64

export default fp<{ answerBuffer: number }>(
  async (app, { answerBuffer }) => {
    let collected = 0
    app.decorateRequest('exchange')
    app.decorateRequest('answer')
    app.decorateRequest('cut')
    for (const dialect of dialects) {
      app.post(dialect.path, { config: { dialect } }, (request, reply) => {
        const answer = forward(request, reply)
        request.unfinished = answer.then(ignore, ignore)
        return answer
      })
    }

    /** Resolves to a whole answer, or to the reply once a passed one is over; rejects with the refusal it became. */
    function forward(request: FastifyRequest, reply: FastifyReply): Promise<Buffer | FastifyReply> {
      const { call, meter, route } = request
      const { dialect, ask } = call
      let size = 0
      let line: Line
      let closing: NodeJS.Timeout | undefined
      const { promise, resolve, reject } = Promise.withResolvers<Buffer | FastifyReply>()

      function head(status: number, headers: Headers): Sink {
        if (status >= 300) {
          exchange.refused = true
          return collectError({ whole: body => over(refusedBy(dialect, status, headers, body)), fail })
        }
        exchange.answering = true
        exchange.answeredAt = performance.now()
        const type = String(headers['content-type'] ?? 'none')
        if (!type.startsWith(ask.stream ? 'text/event-stream' : 'application/json')) {
          exchange.unclear = true
          over(unreadable(`content-type ${type}`))
          line.abort()
          return collectError({ whole: ignore, fail: ignore })
        }
        const long = Number(headers['content-length'] ?? 0) > answerBuffer
        return watched(see, ask.stream || long ? pass(headers) : collect(mayGrow, { whole, overflow, fail }))

        function overflow() {
          return pass(headers)
        }
        function whole(body: Buffer) {
          measure()
          if (!request.measured?.ended) {
            exchange.unclear = true
            return over(unreadable('the answer is no whole JSON object'))
          }
          const { failed, usage } = request.measured
          if (failed !== undefined && isAboutAccount(failed)) {
            exchange.refused = usage === undefined
            return over(failedInside(failed))
          }
          reply.code(status).headers(answerHeaders(request, headers))
          // Any other error inside a good answer is passed on, and never kept.
          if (failed === undefined) request.answer = { contentType: type, body }
          over(undefined, failed === undefined ? body : veiled(body))
        }
      }

      /** The status line goes out: from here on an error can only be told inside the stream. */
      function pass(headers: Headers): Sink {
        reply.hijack()
        const { raw } = reply
        if (!raw.destroyed) {
          raw.writeHead(200, {
            ...ownHeaders(reply),
            ...answerHeaders(request, headers),
            ...flowHeaders(request, headers),
          })
          raw.flushHeaders()
        }
        const hide = request.edits.includeUsage ? dialect.hideUsageFrame?.() : undefined
        const names = veil(() => meter?.failed !== undefined)
        request.cut = error => {
          if (meter?.ended) ended()
          else breakOff(error, true)
          line.abort()
        }
        const filter = {
          push(chunk: Buffer) {
            const bytes = hide ? hide.push(chunk) : chunk
            return bytes && names.push(asBuffer(bytes))
          },
          end() {
            const bytes = hide?.end()
            return Buffer.concat([bytes ? names.push(asBuffer(bytes)) : NOTHING, names.end() ?? NOTHING])
          },
        }
        return passOn(raw, ask.stream ? filter : plain, {
          resume: () => line.resume(),
          isWhole: () => meter?.ended === true,
          passed() {
            exchange.passed = true
            if (exchange.endedAt !== undefined) return
            // An upstream that does not close after its last event keeps neither the caller nor the hold.
            closing = setTimeout(() => {
              ended()
              line.abort()
            }, LAST_BYTES).unref()
          },
          // Bytes or a reset after a stream's last event do not change its outcome.
          fail(failure) {
            if (meter?.ended) return ended()
            exchange.unclear = failure === 'timeout'
            breakOff(brokenOff(failure), true)
          },
          ended,
        })

        function ended() {
          if (exchange.endedAt !== undefined) return
          measure()
          const { ended, failed } = request.measured ?? { ended: false, failed: undefined }
          if (failed !== undefined) return breakOff(failedInside(failed), false)
          if (!ended) return breakOff(unreadable('the answer stopped before its end'), true)
          raw.end()
          over(undefined, reply)
        }
      }

      /** Never a clean end: the format's error event, where it was not told yet, and then the socket is destroyed. */
      function breakOff(error: Refusal, tell: boolean) {
        if (exchange.endedAt !== undefined) return
        request.error = error
        measure()
        const { raw } = reply
        const words = ask.stream && tell ? dialect.errorEvent(error, request.id, request.measured) : ''
        if (!raw.destroyed) {
          const deadline = setTimeout(() => raw.destroy(), LAST_WORD)
          raw.once('close', () => clearTimeout(deadline))
          raw.write(words, () => raw.destroy())
        }
        over(undefined, reply)
      }

      function over(error?: Refusal, answer?: Buffer | FastifyReply) {
        if (exchange.endedAt !== undefined) return
        exchange.endedAt = performance.now()
        clearTimeout(closing)
        request.cut = undefined
        collected -= size
        measure()
        if (error) reject(error)
        else resolve(answer ?? reply)
      }
      function see(chunk: Buffer) {
        exchange.firstByteAt ??= performance.now()
        meter?.push(chunk)
      }
      function measure() {
        request.measured ??= meter?.end()
      }
      function fail(failure: Parameters<Sink['fail']>[0]) {
        if (exchange.endedAt === undefined) exchange.unclear = failure === 'timeout'
        over(brokenOff(failure))
      }
      function mayGrow(added: number): boolean {
        size += added
        collected += added
        return size <= answerBuffer && collected <= BUFFERS * answerBuffer
      }

      const exchange: Exchange = {
        get sent() {
          return line.sent
        },
        startedAt: performance.now(),
        firstByteAt: undefined,
        endedAt: undefined,
        answering: false,
        answeredAt: undefined,
        unclear: false,
        refused: false,
        passed: false,
      }
      request.exchange = exchange
      line = send(
        route.upstream.pool,
        {
          method: 'POST',
          path: route.upstream.prefix + call.target,
          headers: upstreamHeaders(request),
          body: dialect.rewrite(request.rawBody, request.edits),
        },
        { head, fail },
      )
      request.cut = error => {
        over(error)
        line.abort()
      }
      // A stream is stopped at once. A JSON answer is paid for anyway: it runs to its end, and is kept for the retry.
      if (ask.stream) {
        reply.raw.once('close', () => {
          if (exchange.endedAt !== undefined) return line.abort()
          if (meter?.failed !== undefined) breakOff(failedInside(meter.failed), false)
          over()
          if (exchange.passed) setTimeout(line.abort, LAST_BYTES).unref()
          else line.abort()
        })
      }
      return promise
    }
  },
  { name: 'proxy', dependencies: ['admission', 'cost', 'usage', 'models'] },
)

function ignore() {}

const NOTHING = Buffer.alloc(0)
/** A long JSON answer crosses as it is. */
const plain = { push: (chunk: Buffer) => chunk, end: () => undefined }
