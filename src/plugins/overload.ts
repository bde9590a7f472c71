/** Refuses calls beyond the capacity of this process before their bodies are read, so that running calls stay fast. */

import { totalmem } from 'node:os'
import { getHeapStatistics } from 'node:v8'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Dialect } from '../dialects/dialect.ts'
import { type Refusal, refusal, retryAfter } from '../errors.ts'
import { causedBy } from '../outages.ts'
import { turnDelay } from '../requests/turns.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Counts the bytes of a body while it is read. Returns a refusal if there is no room for them. */
    checkBodySize(request: FastifyRequest, size: number): Refusal | undefined
  }
  interface FastifyRequest {
    /** Bytes of its body, counted from its acceptance to its end. */
    countedBytes: number | undefined
    /** The declared size of a body that is not complete yet. */
    awaitedBytes: number | undefined
  }
}

export interface OverloadOptions {
  /** Milliseconds that a turn of the event loop may take. Two longer turns in a row are an overload. 0: no limit. */
  maxDelay: number
  maxCalls: number
  /** Processes that share the memory of this machine or container. */
  workers?: number
  /** Bytes of all running calls' bodies. One body is always accepted. */
  maxBodyBytes?: number
}

const TICK = 50
/** Consecutive healthy ticks before overload ends. */
const CALM = 40
/** Above this share of the heap, garbage collection takes most of the time. */
const FULL = 0.9
/** A body is in memory up to three times: received, parsed and edited. */
const BODIES_SHARE = 1 / 8
/** The share of call and body slots one client may hold with unfinished uploads, so that a slow sender cannot starve others. */
const CLIENTS_SHARE = 1 / 4
/** Smaller bodies (bytes) do not count towards a client's share of bytes. */
const SMALL = 65_536
/** Milliseconds of `retry-after`, spread so that callers do not return at once. */
const RETRY = { least: 1000, spread: 2000 }

export default fp<OverloadOptions>(
  async (app, { maxDelay, maxCalls, workers = 1, maxBodyBytes = memory(workers) * BODIES_SHARE }) => {
    let calls = 0
    let bytes = 0
    /** Consecutive late turns of the event loop up to now. */
    let lateTurns = 0
    let expectedAt = performance.now() + TICK
    let heapIsFull = false
    /** Healthy ticks since the last logged overload. */
    let calm = CALM
    /** Calls with incomplete bodies, by client. */
    const arriving = new Map<string, { calls: number; bytes: number }>()
    app.decorateRequest('countedBytes', undefined)
    app.decorateRequest('awaitedBytes', undefined)
    app.parts.set('capacity', () => strain() === undefined)

    /** Runs only with calls and after an overload, because it would wake an idle process. */
    let watching: NodeJS.Timeout | undefined
    app.addHook('onClose', async () => clearInterval(watching))

    function watch() {
      if (watching) return
      expectedAt = performance.now() + TICK
      watching = setInterval(watchLoop, TICK).unref()
    }

    function watchLoop() {
      const now = performance.now()
      // Work on large bodies is queued, so that its delay does not show in the event loop.
      const delay = Math.max(now - expectedAt, turnDelay(now))
      lateTurns = maxDelay > 0 && delay > maxDelay ? lateTurns + 1 : 0
      expectedAt = now + TICK
      const { used_heap_size, heap_size_limit } = getHeapStatistics()
      heapIsFull = used_heap_size > heap_size_limit * FULL
      report()
      if (calls > 0 || calm < CALM) return
      clearInterval(watching)
      watching = undefined
    }

    app.addHook('onRequest', function refuseOverload(request, _reply, done) {
      const { dialect } = request.routeOptions.config
      if (!dialect) return done()
      const declared = Number(request.headers['content-length'] ?? 0)
      const found = strain(declared) ?? clientExcess(request.client.id, declared)
      if (found) return done(overloaded(found, dialect))
      countCall(request, declared)
      expect(request, declared)
      done()
    })

    // The length of a compressed or chunked body is known only while it is read.
    app.decorate('checkBodySize', (request, size) => {
      const { dialect } = request.routeOptions.config
      if (!dialect || request.countedBytes === undefined || size <= request.countedBytes) return undefined
      bytes += size - request.countedBytes
      request.countedBytes = size
      return calls > 1 && bytes > maxBodyBytes
        ? overloaded(`bodies of ${bytes} bytes are held`, dialect)
        : undefined
    })

    app.addHook('preValidation', function countBodySize(request, _reply, done) {
      arrived(request)
      if (request.countedBytes === undefined || !request.rawBody) return done()
      bytes += request.rawBody.length - request.countedBytes
      request.countedBytes = request.rawBody.length
      done()
    })

    app.onCallEnd('settle', function releaseCapacity(request) {
      const { countedBytes } = request
      arrived(request)
      if (countedBytes === undefined) return
      calls -= 1
      bytes -= countedBytes
    })

    function countCall(request: FastifyRequest, declared: number) {
      request.countedBytes = declared
      calls += 1
      bytes += declared
      watch()
    }

    /** Counts the body as incomplete until `arrived`. */
    function expect(request: FastifyRequest, declared: number) {
      const { id } = request.client
      const { calls: some, bytes: many } = arriving.get(id) ?? { calls: 0, bytes: 0 }
      arriving.set(id, { calls: some + 1, bytes: many + declared })
      request.awaitedBytes = declared
    }

    function arrived(request: FastifyRequest) {
      const { awaitedBytes, client } = request
      const sending = awaitedBytes === undefined ? undefined : arriving.get(client.id)
      if (awaitedBytes === undefined || !sending) return
      request.awaitedBytes = undefined
      if (sending.calls === 1) arriving.delete(client.id)
      else arriving.set(client.id, { calls: sending.calls - 1, bytes: sending.bytes - awaitedBytes })
    }

    /** The reason to refuse this client's next call. */
    function clientExcess(client: string, declared: number): string | undefined {
      const sending = arriving.get(client)
      if (!sending) return undefined
      const isTooMuch =
        sending.calls >= Math.max(1, maxCalls * CLIENTS_SHARE) ||
        (declared > SMALL && sending.bytes + declared > maxBodyBytes * CLIENTS_SHARE)
      return isTooMuch ? `client ${client} has incomplete uploads of ${sending.bytes} bytes` : undefined
    }

    /** The reason to refuse any client's next call with a body of this size. */
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

/** The memory that this process may use, in bytes: the heap limit, or its share of the container or the machine. */
function memory(workers: number): number {
  const shared = Math.min(process.constrainedMemory() || Number.POSITIVE_INFINITY, totalmem())
  return Math.min(getHeapStatistics().heap_size_limit, shared / workers)
}

function overloaded(reason: string, { format }: Dialect): Refusal {
  const refused = refusal('overloaded', 'The gateway has more calls than it can carry; try again shortly.', {
    headers: retryAfter(RETRY.least + Math.random() * RETRY.spread),
    reason: `overloaded: ${reason}`,
  })
  return causedBy('overloaded', Object.assign(refused, { statusCode: format.overloadedStatus }))
}
