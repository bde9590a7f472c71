/** One attempt of a call: its request to the upstream, and the delivery of the response. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Edits } from '../dialects/dialect.ts'
import type { Refusal } from '../errors.ts'
import { Attempt, type AttemptFacts } from '../upstreams/attempt.ts'
import type { Headers, Sink } from '../upstreams/connection.ts'
import { deliverJson, refuseJson } from '../upstreams/deliver-json.ts'
import { deliverStream } from '../upstreams/deliver-stream.ts'
import { brokenInside, type Delivery, failed } from '../upstreams/delivery.ts'
import { refusedBy, unreadable } from '../upstreams/errors.ts'
import { mediaType, upstreamHeaders } from '../upstreams/headers.ts'
import { learnFirstByte } from '../upstreams/order.ts'
import { LAST_BYTES } from '../upstreams/pass.ts'
import { redactionOf } from '../upstreams/redact.ts'
import { createBuffers } from '../upstreams/response-buffers.ts'
import { collectError, discard, watched } from '../upstreams/sinks.ts'
import { pathAt } from '../upstreams/upstream.ts'
import type { Ticket } from './breaker.ts'

export interface Forwarding {
  request: FastifyRequest
  reply: FastifyReply
  resolve(response: Buffer | FastifyReply): void
  /** Takes an error that came before the response began. `isFinal`: no other attempt may follow. */
  fail(error: Refusal, isFinal: boolean): void
}

declare module 'fastify' {
  interface FastifyInstance {
    /** Sends an attempt to the target of `request.ticket`. Returns what to do when the caller leaves. */
    startAttempt(forwarding: Forwarding): () => void
  }
  interface FastifyRequest {
    /** The running attempt, or the last one. */
    attempt: AttemptFacts | undefined
    /** Requests that were sent to upstreams. */
    attempts: number
    /** A whole JSON response with status 200 and usage. */
    collected: { contentType: string; body: Buffer } | undefined
    /** Ends the running call with an error in the format of its route. */
    cut: ((error: Refusal) => void) | undefined
  }
}

/** Milliseconds that an error event has to reach a slow reader before the socket is destroyed. */
const LAST_EVENT = 2000
/** Limits for a JSON response whose caller has left: response buffers and milliseconds. */
const PAID_BUFFERS = 64
const PAID_MS = 30_000

export default fp<{ responseBuffer: number }>(
  async (app, { responseBuffer }) => {
    const buffers = createBuffers(responseBuffer)
    app.decorateRequest('attempt')
    app.decorateRequest('attempts', 0)
    app.decorateRequest('collected')
    app.decorateRequest('cut')
    app.decorate('startAttempt', startAttempt)

    function startAttempt({ request, reply, resolve, fail }: Forwarding): () => void {
      const { dialect, parsed } = request.call
      const { upstream } = request.route
      const buffer = buffers.open()
      let closing: NodeJS.Timeout | undefined
      /** Bytes that may still be read; limited once the caller of a JSON response has left. */
      let allowance = Number.POSITIVE_INFINITY

      const attempt = new Attempt({
        refused,
        accepted,
        undecodable,
        fail: failure => failed(delivery, failure),
      })
      const delivery: Delivery = {
        request,
        reply,
        attempt,
        redaction: redactionOf(request, app.redactor),
        redactor: app.redactor,
        measure,
        metered: sink => watched(observe, sink),
        begin,
        end,
        breakOff,
        endWithin(ms, then) {
          if (attempt.endedAt === undefined) closing = setTimeout(then, ms).unref()
        },
      }
      request.attempt = attempt
      request.attempts++
      const ticket = request.ticket!
      countRunning(ticket, 1)
      const sent = requestTo(request)
      // It may fail at once, and then the next attempt is prepared.
      request.cut = cutBeforeResponse
      attempt.send({
        ...sent,
        pool: upstream.pool,
        headers: upstreamHeaders(request, upstream, ticket.key, sent),
        headersTimeout: app.headersTimeoutOf(request),
      })
      return callerLeft

      /** Names the upstream on every response, even on an error or an unreadable one. */
      function nameUpstream() {
        reply.header('x-tollgate-upstream', upstream.name)
      }

      function refused(status: number, headers: Headers): Sink {
        nameUpstream()
        attempt.refused = true
        return collectError(
          body => end(refusedBy(dialect, { status, headers, body }, delivery.redaction)),
          attempt.abort,
        )
      }

      function accepted(status: number, headers: Headers): Sink {
        nameUpstream()
        attempt.respondedAt = performance.now()
        const type = mediaType(headers)
        const isJson = type.startsWith('application/json')
        if (!isJson && !(parsed.stream && type.startsWith('text/event-stream')))
          return refuseAtOnce(`content-type ${type}`)
        const room = { limit: responseBuffer, grow: buffer.grow }
        if (parsed.stream && isJson) {
          app.meterJson(request)
          return refuseJson(delivery, headers, room)
        }
        if (parsed.stream) return deliverStream(delivery, headers)
        if (reply.raw.destroyed) limitReading()
        return deliverJson(delivery, { status, headers }, room, response => {
          request.collected = response
        })
      }

      function undecodable(codings: string): Sink {
        nameUpstream()
        attempt.respondedAt = performance.now()
        return refuseAtOnce(`content-encoding ${app.redactor.text(codings)}`)
      }

      /** The response cannot be read, so its usage stays unknown. */
      function refuseAtOnce(reason: string): Sink {
        attempt.answered = attempt.unclear = true
        end(unreadable(reason))
        attempt.abort()
        return discard
      }

      function cutBeforeResponse(error: Refusal) {
        end(error)
        attempt.abort()
      }

      function begin(ended: () => void) {
        buffer.release()
        attempt.answered = true
        app.learnFromUpstream(request, undefined)
        request.cut = cutStream
        function cutStream(error: Refusal) {
          if (request.meter?.ended?.()) ended()
          else breakOff(error, true)
          attempt.abort()
        }
      }

      function breakOff(error: Refusal, isSent: boolean) {
        if (attempt.endedAt !== undefined) return
        app.recordError(request, error)
        const measured = measure()
        const { raw } = reply
        const event = parsed.stream && isSent ? dialect.errorEvent(error, request.id, measured) : ''
        if (!raw.destroyed) {
          const deadline = setTimeout(() => raw.destroy(), LAST_EVENT)
          raw.once('close', () => clearTimeout(deadline))
          raw.write(event, () => raw.destroy())
        }
        end()
      }

      function end(error?: Refusal, response?: Buffer) {
        if (attempt.endedAt !== undefined) return
        attempt.endedAt = performance.now()
        countRunning(ticket, -1)
        clearTimeout(closing)
        request.cut = undefined
        buffer.release()
        measure()
        app.learnFromUpstream(request, error ?? request.error)
        if (error) fail(error, attempt.answered && !attempt.refused)
        else resolve(response ?? reply)
      }

      function measure() {
        app.endMeter(request)
        return request.measured
      }

      function observe(chunk: Buffer) {
        // After an error as the first event of a stream, the meter may be that of the next attempt.
        if (attempt.endedAt !== undefined) return
        if (attempt.firstByteAt === undefined) {
          attempt.firstByteAt = performance.now()
          learnFirstByte(request.route.candidate, attempt.firstByteAt - attempt.startedAt)
        }
        request.meter?.push(chunk)
        allowance -= chunk.length
        if (allowance < 0) stopReading()
      }

      /** A stream is aborted. A JSON response is paid for anyway: it is read to its end, within limits, and cached for the retry. */
      function callerLeft() {
        if (!parsed.stream) {
          if (attempt.endedAt !== undefined) return
          allowance = PAID_BUFFERS * responseBuffer
          if (attempt.respondedAt !== undefined) limitReading()
          return
        }
        if (attempt.endedAt !== undefined) return attempt.abort()
        brokenInside(delivery)
        end()
        if (attempt.passed) setTimeout(attempt.abort, LAST_BYTES).unref()
        else attempt.abort()
      }

      function limitReading() {
        closing = setTimeout(stopReading, PAID_MS).unref()
      }

      function stopReading() {
        request.cut?.(unreadable('the response did not end after its caller had left'))
      }
    }
  },
  {
    name: 'attempt',
    dependencies: ['breaker', 'call', 'error-handler', 'models', 'reservations', 'retry', 'secrets', 'usage'],
    decorators: {
      fastify: ['endMeter', 'headersTimeoutOf', 'learnFromUpstream', 'meterJson', 'recordError', 'redactor'],
      request: ['call', 'edits', 'error', 'measured', 'meter', 'rawBody', 'route', 'ticket'],
    },
  },
)

/** Path and body of the request to the present target. */
function requestTo({ call, edits, rawBody, route }: FastifyRequest): { path: string; body: Buffer } {
  const { dialect, parsed, target } = call
  const { edits: own, theirs } = route.candidate
  const hasOwn = edits.maxOutputTokens !== undefined || own !== undefined
  const all: Edits = hasOwn ? { ...edits, ...own, price: route.price } : edits
  return {
    path: pathAt(route.upstream, dialect, { target, model: theirs, stream: parsed.stream }) ?? target,
    body: dialect.rewrite(rawBody, all),
  }
}

/** Counts the running attempts of a target, its upstream and its key. */
function countRunning({ target, key }: Ticket, change: 1 | -1): void {
  for (const one of [target.candidate, target.upstream.attempts, key]) one.running += change
}
