/** The routes: bytes to the provider, bytes back. JSON is collected and sent in one piece, streams pass as they come. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { collect, collectError, discard, keepBeginning, passOn, watched } from '../answers.ts'
import { redactionOf } from '../call-redaction.ts'
import { dialects, preliminaryEvents } from '../dialects/index.ts'
import { beginsError, errorFrames, redactedChunks, redactedResponse } from '../dialects/wire/error-frames.ts'
import { errorInside } from '../dialects/wire/error-inside.ts'
import { isAboutAccount } from '../dialects/wire/upstream-error.ts'
import { codingsIn, decoded, isDecodable } from '../encodings.ts'
import type { Refusal } from '../errors.ts'
import { answerHeaders, flowHeaders, mediaType, ownHeaders, upstreamHeaders } from '../headers.ts'
import { type Failure, type Headers, type Line, type Sink, send } from '../upstream.ts'
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
    /** A whole JSON response with status 200 and usage. */
    answer: { contentType: string; body: Buffer } | undefined
    /** Ends the running call from our side, with the format's error. */
    cut: ((error: Refusal) => void) | undefined
  }
}

/** A last word is given this long to reach a slow reader before the socket goes. */
const LAST_WORD = 2000
/** Time for an upstream to end its response after the last event: a connection that is cut cannot be reused. */
const LAST_BYTES = 1000
/** What is still read of a JSON response after its caller has left: this many answer buffers, for this long. */
const PAID_BUFFERS = 64
const PAID_MS = 30_000
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
        app.finishFirst(request, answer)
        return answer
      })
    }

    /** Resolves to a whole answer, or to the reply once a passed one is over; rejects with the refusal it became. */
    function forward(request: FastifyRequest, reply: FastifyReply): Promise<Buffer | FastifyReply> {
      const { call, route } = request
      const { dialect, parsed } = call
      const redaction = redactionOf(request, app.redactor)
      let { meter } = request
      let size = 0
      let line: Line
      let resume = () => line.resume()
      let closing: NodeJS.Timeout | undefined
      /** Bytes that may still be read; limited once a caller has left a JSON response. */
      let allowance = Number.POSITIVE_INFINITY
      const { promise, resolve, reject } = Promise.withResolvers<Buffer | FastifyReply>()

      function head(status: number, headers: Headers): Sink {
        const codings = codingsIn(headers['content-encoding'])
        if (status < 300 && !isDecodable(codings))
          return refuseAtOnce(`content-encoding ${app.redactor.text(codings.join(', '))}`)
        // The length is that of the encoded body.
        if (codings.length > 0) headers = { ...headers, 'content-length': undefined }
        const sink = status >= 300 ? refusing(status, headers) : answering(status, headers)
        const decoder = decoded(codings, sink, () => line.resume())
        resume = decoder.resume
        return decoder
      }

      function refusing(status: number, headers: Headers): Sink {
        exchange.refused = true
        return collectError(
          body => over(refusedBy(dialect, { status, headers, body }, redaction)),
          () => line.abort(),
        )
      }

      function answering(status: number, headers: Headers): Sink {
        exchange.answeredAt = performance.now()
        const type = mediaType(headers)
        const isJson = type.startsWith('application/json')
        if (!isJson && !(parsed.stream && type.startsWith('text/event-stream')))
          return refuseAtOnce(`content-type ${type}`)
        if (!parsed.stream && reply.raw.destroyed) limitReading()
        const long = Number(headers['content-length'] ?? 0) > answerBuffer
        if (parsed.stream && isJson) {
          // The caller asked for a stream, but the response reports its usage.
          app.meterJson(request)
          meter = request.meter
          return watched(
            see,
            collect(mayGrow, { whole, overflow: () => ({ ...discard, end: refuseJson, fail }), fail }),
          )
        }
        exchange.answering = true
        if (parsed.stream) return watched(see, keepBeginning({ announces, beginsError, refuse, open, empty }))
        return watched(see, long ? open() : collect(mayGrow, { whole, overflow: open, fail }))

        function open() {
          return pass(headers)
        }
        function refuseJson() {
          exchange.unclear = true
          exchange.answering = false
          over(unreadable(`content-type ${type} in answer to a request for a stream`))
        }
        function whole(body: Buffer) {
          measure()
          if (!request.measured?.ended) {
            exchange.unclear = true
            return over(unreadable('the answer is no whole JSON object'))
          }
          const { failed, usage } = request.measured
          if (failed !== undefined && refuseInside(body, false)) return
          if (parsed.stream) return refuseJson()
          if (failed !== undefined && isAboutAccount(failed)) return over(failedInside(failed))
          reply.code(status).headers(answerHeaders(headers))
          const shown = redactedResponse(body, request.measured, redaction, app.redactor)
          // Any other error beside output is passed on, and never kept.
          if (failed === undefined && status === 200 && usage)
            request.answer = { contentType: type, body: shown }
          over(undefined, shown)
        }
        function announces() {
          return meter?.begun === false && meter.failed === undefined
        }
        function refuse(beginning: Buffer): boolean {
          if (!refuseInside(beginning, true)) return false
          setTimeout(line.abort, LAST_BYTES).unref()
          return true
        }
        /** An error instead of output, as the status it stands for. */
        function refuseInside(bytes: Buffer, stream: boolean): boolean {
          const error = errorInside(bytes, stream, preliminaryEvents)
          if (!error) return false
          exchange.refused = true
          exchange.answering = false
          over(
            refusedBy(
              dialect,
              { ...error, headers },
              redaction,
              `the provider answered ${error.status} inside a 200 response`,
            ),
          )
          return true
        }
        function empty(failure?: Failure) {
          if (failure) fail(failure)
          else over(unreadable('the stream has no event'))
        }
      }

      /** Nothing can be read of this response. */
      function refuseAtOnce(reason: string): Sink {
        exchange.answeredAt = performance.now()
        exchange.unclear = true
        over(unreadable(reason))
        line.abort()
        return discard
      }

      /** The status line goes out: from here on an error can only be told inside the stream. */
      function pass(headers: Headers): Sink {
        app.learnFromUpstream(request, undefined)
        reply.hijack()
        const { raw } = reply
        if (!raw.destroyed) {
          raw.writeHead(200, {
            ...ownHeaders(reply),
            ...answerHeaders(headers),
            ...flowHeaders(request, headers),
          })
          raw.flushHeaders()
        }
        const hide = request.edits.includeUsage ? dialect.hideUsageFrame?.() : undefined
        const errors = errorFrames(redaction, app.redactor)
        request.cut = error => {
          if (meter?.ended) ended()
          else breakOff(error, true)
          line.abort()
        }
        const filter = {
          push(chunk: Buffer) {
            const bytes = hide ? hide.push(chunk) : chunk
            return bytes && errors.push(bytes)
          },
          end() {
            const bytes = hide?.end()
            return Buffer.concat([bytes && errors.push(bytes), errors.end()].flatMap(one => one ?? []))
          },
        }
        return passOn(raw, parsed.stream ? filter : redactedChunks(redaction, app.redactor), {
          resume: () => resume(),
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
          // Bytes or a reset after a stream's last event do not change its outcome; some providers send no end marker after the usage.
          fail(failure, flush) {
            measure()
            const { ended: isWhole, finished, usage } = request.measured ?? {}
            if (isWhole || (finished && usage)) {
              flush()
              return ended()
            }
            exchange.unclear = isUnclear(failure)
            breakOff(brokenOff(failure), true)
          },
          ended,
        })

        function ended() {
          if (exchange.endedAt !== undefined) return
          measure()
          const { ended, finished, failed } = request.measured ?? {}
          if (failed !== undefined) return breakOff(failedInside(failed), false)
          if (!ended && !finished) return breakOff(unreadable('the answer stopped before its end'), true)
          raw.end()
          over(undefined, reply)
        }
      }

      /** Never a clean end: the format's error event, where it was not told yet, and then the socket is destroyed. */
      function breakOff(error: Refusal, tell: boolean) {
        if (exchange.endedAt !== undefined) return
        app.recordError(request, error)
        measure()
        const { raw } = reply
        const words = parsed.stream && tell ? dialect.errorEvent(error, request.id, request.measured) : ''
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
        app.learnFromUpstream(request, error ?? request.error)
        if (error) reject(error)
        else resolve(answer ?? reply)
      }
      function see(chunk: Buffer) {
        exchange.firstByteAt ??= performance.now()
        meter?.push(chunk)
        allowance -= chunk.length
        if (allowance < 0) stopReading()
      }
      /** The caller of a JSON response has left, and the response's head has come. */
      function limitReading() {
        closing = setTimeout(stopReading, PAID_MS).unref()
      }
      function stopReading() {
        request.cut?.(unreadable('the response did not end after its caller had left'))
      }
      function measure() {
        app.endMeter(request)
      }
      function fail(failure: Parameters<Sink['fail']>[0]) {
        if (exchange.endedAt === undefined) exchange.unclear = isUnclear(failure)
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
      // A stream is stopped at once. A JSON response is paid for anyway: it is read to its end, within limits, and kept for the retry.
      reply.raw.once('close', () => {
        if (!parsed.stream) {
          if (exchange.endedAt !== undefined) return
          allowance = PAID_BUFFERS * answerBuffer
          if (exchange.answeredAt !== undefined) limitReading()
          return
        }
        if (exchange.endedAt !== undefined) return line.abort()
        if (meter?.failed !== undefined) breakOff(failedInside(meter.failed), false)
        over()
        if (exchange.passed) setTimeout(line.abort, LAST_BYTES).unref()
        else line.abort()
      })
      return promise
    }
  },
  {
    name: 'proxy',
    dependencies: [
      'admission',
      'breaker',
      'cost',
      'error-handler',
      'lifecycle',
      'models',
      'secrets',
      'usage',
    ],
  },
)

/** After these nothing is known of the generated output. */
function isUnclear(failure: Failure): boolean {
  return failure === 'timeout' || failure === 'undecodable'
}
