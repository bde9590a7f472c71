/** The routes of calls. Each call is sent to its upstream; its response is delivered as JSON or as a stream. */

import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Edits } from '../dialects/dialect.ts'
import { dialects } from '../dialects/index.ts'
import type { Scanned } from '../dialects/wire/json-limits.ts'
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
import { collectError, discard, watched } from '../upstreams/sinks.ts'
import { pathAt } from '../upstreams/upstream.ts'

declare module 'fastify' {
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

/** An error event is given this long to reach a slow reader before the socket is destroyed, in milliseconds. */
const LAST_EVENT = 2000
/** Limits for a JSON response whose caller has left: response buffers and milliseconds. */
const PAID_BUFFERS = 64
const PAID_MS = 30_000
/** The process collects at most this many full response buffers at once. Other responses pass uncollected. */
const BUFFERS = 64

const RELEASED: Scanned = { members: [], texts: [] }

interface Forwarding {
  request: FastifyRequest
  reply: FastifyReply
  resolve(response: Buffer | FastifyReply): void
  /** Takes an error that came before the response began. `isFinal`: no other attempt may follow. */
  fail(error: Refusal, isFinal: boolean): void
}

export default fp<{ responseBuffer: number }>(
  async (app, { responseBuffer }) => {
    /** Bytes of responses that are collected now. */
    let collected = 0
    app.decorateRequest('attempt')
    app.decorateRequest('attempts', 0)
    app.decorateRequest('collected')
    app.decorateRequest('cut')
    for (const dialect of dialects) {
      app.post(dialect.path, { config: { dialect } }, function forwardCall(request, reply) {
        const response = forward(request, reply)
        app.finishFirst(request, response)
        return response
      })
    }

    /** Resolves to a collected response, or to the reply after a passed one. Rejects with a refusal. */
    function forward(request: FastifyRequest, reply: FastifyReply): Promise<Buffer | FastifyReply> {
      const { promise, resolve, reject } = Promise.withResolvers<Buffer | FastifyReply>()
      // The parsed body is read before; a long stream would keep it.
      request.body = undefined
      request.bodyScan = RELEASED
      let callerLeft = tryOnce({ request, reply, resolve, fail })
      reply.raw.once('close', () => callerLeft())
      return promise

      /** The attempt has failed before the response began. `isFinal`: no other attempt follows. */
      function fail(error: Refusal, isFinal: boolean) {
        const stop = new AbortController()
        const ready = isFinal ? undefined : app.prepareRetry(request, reply, error, stop.signal)
        if (!ready) return reject(app.errorForCaller(request, error))
        request.cut = cutBetween
        function cutBetween(reason: Refusal) {
          stop.abort(reason)
        }
        callerLeft = () => stop.abort(error)
        const tryAgain = () => {
          app.restartMeter(request)
          reply.removeHeader('x-tollgate-upstream')
          callerLeft = tryOnce({ request, reply, resolve, fail })
        }
        ready.then(tryAgain).catch(reject)
      }
    }

    /** Sends one attempt. Returns what to do when the caller leaves. */
    function tryOnce({ request, reply, resolve, fail }: Forwarding): () => void {
      const { dialect, parsed, target } = request.call
      const { upstream } = request.route
      let size = 0
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
      const load = loadOf(request)
      load.add(1)
      const { theirs: model } = request.route.candidate
      const sent = {
        path: pathAt(upstream, dialect, { target, model, stream: parsed.stream }) ?? target,
        body: dialect.rewrite(request.rawBody, editsOf(request)),
      }
      // It may fail at once, and then the next attempt is prepared.
      request.cut = cutBeforeResponse
      attempt.send({
        ...sent,
        pool: upstream.pool,
        headers: upstreamHeaders(request, upstream, request.ticket!.key, sent),
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
        const room = { limit: responseBuffer, grow }
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
        releaseBuffers()
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
        load.add(-1)
        clearTimeout(closing)
        request.cut = undefined
        releaseBuffers()
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
        // The meter may be that of the next attempt, after an error that began a stream.
        if (attempt.endedAt !== undefined) return
        if (attempt.firstByteAt === undefined) {
          attempt.firstByteAt = performance.now()
          learnFirstByte(request.route.candidate, attempt.firstByteAt - attempt.startedAt)
        }
        request.meter?.push(chunk)
        allowance -= chunk.length
        if (allowance < 0) stopReading()
      }

      function grow(added: number): boolean {
        size += added
        collected += added
        return size <= responseBuffer && collected <= BUFFERS * responseBuffer
      }

      function releaseBuffers() {
        collected -= size
        size = 0
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
    name: 'proxy',
    dependencies: [
      'admission',
      'breaker',
      'call',
      'error-handler',
      'lifecycle',
      'models',
      'reservations',
      'retry',
      'secrets',
      'usage',
    ],
    decorators: {
      fastify: [
        'endMeter',
        'errorForCaller',
        'finishFirst',
        'headersTimeoutOf',
        'learnFromUpstream',
        'meterJson',
        'prepareRetry',
        'recordError',
        'redactor',
        'restartMeter',
      ],
      request: ['bodyScan', 'call', 'edits', 'error', 'measured', 'meter', 'rawBody', 'route', 'ticket'],
    },
  },
)

/** Counts the running attempts of a target, its upstream and its key. */
function loadOf({ ticket }: FastifyRequest) {
  const { target, key } = ticket!
  const counted = [target.candidate, target.upstream, key]
  return {
    add(change: 1 | -1) {
      for (const one of counted) one.running += change
    },
  }
}

/** The edits of the plugins, and those for this target. */
function editsOf({ edits, route }: FastifyRequest): Edits {
  const own = route.candidate.edits
  if (edits.maxOutputTokens === undefined && own === undefined) return edits
  return { ...edits, ...own, price: route.price }
}
