/** Refuses calls beyond the capacity of this process before their bodies are read, so that running calls stay fast. */

import { getHeapStatistics } from 'node:v8'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Dialect } from '../dialects/dialect.ts'
import { type Refusal, refusal, retryAfter } from '../errors.ts'
import { causedBy } from '../outages.ts'
import { turnDelay } from '../requests/turns.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts the bytes of a body that is still read; a refusal where there is no room for them. */
    weigh(request: FastifyRequest, size: number): Refusal | undefined
  }
  interface FastifyRequest {
    /** Bytes of its body, counted from its acceptance to its end. */
    carried: number | undefined
    /** Bytes that were promised and are not all here yet. */
    awaited: number | undefined
  }
}

export interface OverloadOptions {
  /** Milliseconds that a turn of the event loop may take. Two longer turns in a row are an overload. 0: no limit. */
  maxDelay: number
  maxCalls: number
  /** Bodies of running calls together. One is always let in. */
  maxBodyBytes?: number
}

const TICK = 50
/** Consecutive healthy ticks before overload ends. */
const CALM = 40
/** A heap this full is collected again and again, and little else is done. */
const FULL = 0.9
/** A body is in memory up to three times: received, parsed and edited. */
const BODIES_SHARE = 1 / 8
/** The share of call and body slots one client may hold with unfinished uploads, so that a slow sender cannot starve others. */
const CLIENTS_SHARE = 1 / 4
/** Bodies up to here are only counted. */
const SMALL = 65_536
/** Callers are asked to come back at different times, milliseconds. */
const RETRY = { least: 1000, spread: 2000 }

export default fp<OverloadOptions>(
  async (app, { maxDelay, maxCalls, maxBodyBytes = memory() * BODIES_SHARE }) => {
    let calls = 0
    let bytes = 0
    /** Consecutive late turns of the event loop up to now. */
    let lateTurns = 0
    let expectedAt = performance.now() + TICK
    let heapIsFull = false
    /** Healthy ticks since the last logged overload. */
    let calm = CALM
    /** By client: calls whose bodies are not here yet. */
    const arriving = new Map<string, { calls: number; bytes: number }>()
    app.decorateRequest('carried', undefined)
    app.decorateRequest('awaited', undefined)
    app.parts.set('capacity', () => strain() === undefined)

    const watching = setInterval(function watchLoop() {
      const now = performance.now()
      // Work on large bodies waits for its turn, and leaves the loop itself on time.
      const delay = Math.max(now - expectedAt, turnDelay(now))
      lateTurns = maxDelay > 0 && delay > maxDelay ? lateTurns + 1 : 0
      expectedAt = now + TICK
      const { used_heap_size, heap_size_limit } = getHeapStatistics()
      heapIsFull = used_heap_size > heap_size_limit * FULL
      report()
    }, TICK).unref()
    app.addHook('onClose', async () => clearInterval(watching))

    app.addHook('onRequest', function refuseOverload(request, _reply, done) {
      const { dialect } = request.routeOptions.config
      if (!dialect) return done()
      const declared = Number(request.headers['content-length'] ?? 0)
      const found = strain(declared) ?? hoarding(request.client.id, declared)
      if (found) return done(overloaded(found, dialect))
      carry(request, declared)
      expect(request, declared)
      done()
    })

    // A body that is compressed, or did not say how long it is, shows its length only while it is read.
    app.decorate('weigh', (request, size) => {
      const { dialect } = request.routeOptions.config
      if (!dialect || request.carried === undefined || size <= request.carried) return undefined
      bytes += size - request.carried
      request.carried = size
      return calls > 1 && bytes > maxBodyBytes
        ? overloaded(`bodies of ${bytes} bytes are held`, dialect)
        : undefined
    })

    app.addHook('preValidation', function weighBody(request, _reply, done) {
      arrived(request)
      if (request.carried === undefined || !request.rawBody) return done()
      bytes += request.rawBody.length - request.carried
      request.carried = request.rawBody.length
      done()
    })

    app.onCallEnd('settle', function releaseCapacity(request) {
      const { carried } = request
      arrived(request)
      if (carried === undefined) return
      calls -= 1
      bytes -= carried
    })

    function carry(request: FastifyRequest, declared: number) {
      request.carried = declared
      calls += 1
      bytes += declared
    }

    /** Until all of it is here. */
    function expect(request: FastifyRequest, declared: number) {
      const { id } = request.client
      const { calls: some, bytes: many } = arriving.get(id) ?? { calls: 0, bytes: 0 }
      arriving.set(id, { calls: some + 1, bytes: many + declared })
      request.awaited = declared
    }

    function arrived(request: FastifyRequest) {
      const { awaited, client } = request
      const sending = awaited === undefined ? undefined : arriving.get(client.id)
      if (awaited === undefined || !sending) return
      request.awaited = undefined
      if (sending.calls === 1) arriving.delete(client.id)
      else arriving.set(client.id, { calls: sending.calls - 1, bytes: sending.bytes - awaited })
    }

    /** The reason to refuse one more call of this client only. */
    function hoarding(client: string, declared: number): string | undefined {
      const sending = arriving.get(client)
      if (!sending) return undefined
      const isTooMuch =
        sending.calls >= Math.max(1, maxCalls * CLIENTS_SHARE) ||
        (declared > SMALL && sending.bytes + declared > maxBodyBytes * CLIENTS_SHARE)
      return isTooMuch ? `client ${client} has not sent ${sending.bytes} bytes it began to send` : undefined
    }

    /** The reason to refuse one more call of that size. */
    function strain(declared = 0): string | undefined {
      if (lateTurns > 1) return `the event loop takes more than ${maxDelay} ms a turn`
      if (heapIsFull) return 'the heap is full'
      if (calls >= maxCalls) return `${calls} calls run`
      if (calls > 0 && bytes + declared > maxBodyBytes) return `bodies of ${bytes} bytes are held`
      return undefined
    }

    /** Logs the start and the end of an overload once each. */
    function report() {
      const found = strain()
      if (found && calm >= CALM)
        app.log.warn({ reason: found, calls, bytes }, 'overloaded: new calls are refused')
      calm = found ? 0 : calm + 1
      if (calm === CALM) app.log.info({ calls, bytes }, 'no longer overloaded')
    }
  },
  {
    name: 'overload',
    dependencies: ['auth', 'health', 'lifecycle'],
    decorators: { fastify: ['onCallEnd', 'parts'], request: ['client'] },
  },
)

/** The memory that this process may use, in bytes: the heap limit, or the limit of its container. */
function memory(): number {
  const confined = process.constrainedMemory()
  return Math.min(getHeapStatistics().heap_size_limit, confined > 0 ? confined : Number.POSITIVE_INFINITY)
}

function overloaded(reason: string, { format }: Dialect): Refusal {
  const refused = refusal('overloaded', 'The gateway has more calls than it can carry; try again shortly.', {
    headers: retryAfter(RETRY.least + Math.random() * RETRY.spread),
    reason: `overloaded: ${reason}`,
  })
  return causedBy('overloaded', Object.assign(refused, { statusCode: format.overloadedStatus }))
}
