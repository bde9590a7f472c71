/** More than this process can carry is refused early, before its body is read, so that what runs is carried well. */

import { getHeapStatistics } from 'node:v8'
import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Dialect } from '../dialects/dialect.ts'
import { type Refusal, refusal, retryAfter } from '../errors.ts'

declare module 'fastify' {
  interface FastifyRequest {
    /** Bytes of its body, once the call is let in; they are held until it is over. */
    carried: number | undefined
  }
}

export interface OverloadOptions {
  /** Milliseconds a turn of the event loop may take; two longer ones in a row, and it is behind. 0: it never is. */
  maxDelay: number
  maxCalls: number
  /** Bodies of running calls together. One is always let in. */
  maxBodyBytes?: number
}

const TICK = 50
/** So many ticks without strain, and it is over. */
const CALM = 40
/** A heap this full is collected again and again, and little else is done. */
const FULL = 0.9
/** A body is kept as it came and as it was read, and copied where something is put into it. */
const BODIES_SHARE = 1 / 8
/** Callers are asked to come back at different times, milliseconds. */
const RETRY = { least: 1000, spread: 2000 }

export default fp<OverloadOptions>(
  async (app, { maxDelay, maxCalls, maxBodyBytes = memory() * BODIES_SHARE }) => {
    let calls = 0
    let bytes = 0
    /** Turns of the event loop that took too long, one after the other up to now. */
    let lateTurns = 0
    let expectedAt = performance.now() + TICK
    let heapIsFull = false
    /** Ticks without strain since it was told. */
    let calm = CALM
    app.decorateRequest('carried', undefined)
    app.parts.set('capacity', () => strain() === undefined)

    const watching = setInterval(function watchLoop() {
      const now = performance.now()
      lateTurns = maxDelay > 0 && now - expectedAt > maxDelay ? lateTurns + 1 : 0
      expectedAt = now + TICK
      const { used_heap_size, heap_size_limit } = getHeapStatistics()
      heapIsFull = used_heap_size > heap_size_limit * FULL
      tell()
    }, TICK).unref()
    app.addHook('onClose', async () => clearInterval(watching))

    app.addHook('onRequest', function turnAway(request, _reply, done) {
      const { dialect } = request.routeOptions.config
      if (!dialect) return done()
      const declared = Number(request.headers['content-length'] ?? 0)
      const found = strain(declared)
      if (found) return done(overloaded(found, dialect))
      carry(request, declared)
      done()
    })

    // A body that did not say how long it is shows it once it is there.
    app.addHook('preHandler', function weighBody(request, _reply, done) {
      if (request.carried === undefined || !request.rawBody) return done()
      bytes += request.rawBody.length - request.carried
      request.carried = request.rawBody.length
      done()
    })

    app.onSettled(function putDown({ carried }) {
      if (carried === undefined) return
      calls -= 1
      bytes -= carried
    })

    function carry(request: FastifyRequest, declared: number) {
      request.carried = declared
      calls += 1
      bytes += declared
    }

    /** What keeps one more call of that size from being let in. */
    function strain(declared = 0): string | undefined {
      if (lateTurns > 1) return `the event loop takes more than ${maxDelay} ms a turn`
      if (heapIsFull) return 'the heap is full'
      if (calls >= maxCalls) return `${calls} calls run`
      if (calls > 0 && bytes + declared > maxBodyBytes) return `bodies of ${bytes} bytes are held`
      return undefined
    }

    /** Both ends of an overload are told once, however often it comes and goes in between. */
    function tell() {
      const found = strain()
      if (found && calm >= CALM)
        app.log.warn({ reason: found, calls, bytes }, 'overloaded: new calls are refused')
      calm = found ? 0 : calm + 1
      if (calm === CALM) app.log.info({ calls, bytes }, 'no longer overloaded')
    }
  },
  { name: 'overload', dependencies: ['auth', 'health', 'lifecycle'] },
)

/** What this process may use: of the heap, and of what it is confined to. */
function memory(): number {
  const confined = process.constrainedMemory()
  return Math.min(getHeapStatistics().heap_size_limit, confined > 0 ? confined : Number.POSITIVE_INFINITY)
}

/** Anthropic has a status of its own for it, OpenAI has not. */
const STATUS: Record<Dialect['family'], number> = { anthropic: 529, openai: 503 }

function overloaded(reason: string, { family }: Dialect): Refusal {
  const refused = refusal('overloaded', 'The gateway has more calls than it can carry; try again shortly.', {
    headers: retryAfter(RETRY.least + Math.random() * RETRY.spread),
    reason: `overloaded: ${reason}`,
  })
  return Object.assign(refused, { statusCode: STATUS[family] })
}
