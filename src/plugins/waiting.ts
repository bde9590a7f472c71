/**
 * A short wait inside the gateway replaces a 429 for concurrency, tokens and `budget_in_flight`, for clients whose
 * `limits.maxWaitMs` allows it. Each client has one queue on this replica, first come, first served. Only the first call in
 * a queue asks Redis again: when a call of its client ends here, and by a timer, since other replicas free room as well.
 *
 * For every client, a settlement reaches Redis some milliseconds after its response reached the caller, who may have called
 * another replica meanwhile. So a refusal that a settlement could change is first checked again for `LATE` milliseconds.
 */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Refused } from './reservations.ts'

declare module 'fastify' {
  interface FastifyInstance {
    waiting: {
      /**
       * Resolves when the call is first in its client's queue, or has waited its longest. Resolves to a refusal if the
       * calls before it need tokens for longer than it may wait.
       */
      waitFirst(request: FastifyRequest): Promise<Refused | undefined>
      /** After a refusal, before anything else. Resolves to true if a late settlement may have made room: then ask again. */
      late(request: FastifyRequest, refused: Refused): Promise<boolean>
      /** After a refusal. Resolves to 'waited', then ask again, or to the refusal if waiting does not help or takes too long. */
      again(request: FastifyRequest, refused: Refused): Promise<'waited' | Refused>
      /** Leaves the queue. Call it once the call was admitted or refused, in every case. */
      leave(request: FastifyRequest): void
    }
  }
  interface FastifyRequest {
    /** Its entry in the queue of its client. */
    waiter: Waiter | undefined
    /** How long it has waited for room. */
    waitedMs: number
  }
}

export interface Waiter {
  clientId: string
  /** Tokens that it reserves. */
  tokens: number
  /** Its last refusal and the end of that (monotonic clock); undefined if the end is unknown. */
  until: { time: number; refused: Refused } | undefined
  /** On the monotonic clock. */
  deadline: number
  /** Until then a settlement may be late (monotonic clock); undefined before the first refusal. */
  lateUntil: number | undefined
  /** Number of waits without a known end. */
  polls: number
  /** Ends the wait; undefined during a request to Redis. */
  wake: (() => void) | undefined
  /** A call ended during the request to Redis, so the reply may be stale. */
  isMissed: boolean
  /** The gateway drains, so the call asks Redis one last time. */
  isOver: boolean
}

/** Milliseconds between two admissions of a queue in which no call ends; `most` where the wait is not known. */
const POLL = { least: 100, most: 500 }

/** Milliseconds that a settlement may be late, and until the first check; each further pause is longer. */
const LATE = 50
const LATE_CHECK = 5

/** One client's queue holds at most this part of MAX_CONCURRENT_CALLS: waiting calls keep their bodies. */
const SHARE = 4

export default fp<{ maxCalls: number }>(
  async (app, { maxCalls }) => {
    const longest = Math.max(1, Math.floor(maxCalls / SHARE))
    const queues = new Map<string, Waiter[]>()
    app.decorateRequest('waiter')
    app.decorateRequest('waitedMs', 0)

    app.decorate('waiting', {
      async waitFirst(request) {
        const { id, maxWaitMs } = request.client
        const queue = queues.get(id)
        if (!queue || queue.length >= longest || maxWaitMs === 0 || app.draining) return undefined
        const late = lateRefusal(queue, request)
        if (!late) await waitFor(request, join(request), maxWaitMs)
        return late
      },

      async late(request, refused) {
        if (!canWait(request, refused) || !isHeldByCalls(refused)) return false
        const waiter = request.waiter ?? join(request)
        const now = performance.now()
        waiter.lateUntil ??= now + LATE
        const left = waiter.lateUntil - now
        if (waiter.isOver || left <= 0) return false
        const isFirst = () => queues.get(waiter.clientId)?.[0] === waiter
        const pause = isFirst() ? Math.max(LATE_CHECK, 3 * (LATE - left)) : left
        if (!isFirst() || !waiter.isMissed) await waitFor(request, waiter, Math.min(pause, left))
        waiter.isMissed = false
        return isFirst()
      },

      async again(request, refused) {
        const { id, maxWaitMs } = request.client
        if (maxWaitMs === 0 || !canWait(request, refused)) return refused
        const waiter = request.waiter ?? join(request)
        const left = waiter.deadline - performance.now()
        if (waiter.isOver || left <= 0) return refused
        const queue = queues.get(id) ?? []
        const ahead = queue.slice(0, queue.indexOf(waiter))
        const own = isEstimate(refused) ? undefined : refused.retryAfterMs
        const known = own && Math.ceil(own + refillMs(ahead, refused, request))
        if (known !== undefined && known > left) return { ...refused, retryAfterMs: known }
        waiter.until = known === undefined ? undefined : { time: performance.now() + known, refused }
        const isFirst = ahead.length === 0
        // Without the end of a call there is no reason to ask Redis again.
        if (!isFirst || !waiter.isMissed)
          await waitFor(request, waiter, isFirst ? pause(waiter, known) : left)
        waiter.isMissed = false
        return 'waited'
      },

      leave(request) {
        const { waiter } = request
        if (!waiter) return
        request.waiter = undefined
        const queue = queues.get(waiter.clientId) ?? []
        const place = queue.indexOf(waiter)
        queue.splice(place, 1)
        if (queue.length === 0) queues.delete(waiter.clientId)
        else if (place === 0) wakeFirst(waiter.clientId)
      },
    })

    app.onCallEnd('settle', function wakeQueue({ chargedAttempts, client, hold, waiter }) {
      // Its caller has left.
      waiter?.wake?.()
      if (hold || chargedAttempts > 0) wakeFirst(client.id)
    })
    app.onDrain(endAll)
    app.addHook('preClose', async () => endAll())

    function canWait({ client, disconnected, waiter }: FastifyRequest, refused: Refused): boolean {
      if (app.draining || disconnected || !mayWait(refused)) return false
      return waiter !== undefined || (queues.get(client.id)?.length ?? 0) < longest
    }

    function join(request: FastifyRequest): Waiter {
      const { id, maxWaitMs } = request.client
      const waiter: Waiter = {
        clientId: id,
        tokens: request.reservation.tokens,
        until: undefined,
        deadline: performance.now() + Math.max(maxWaitMs, LATE),
        lateUntil: undefined,
        polls: 0,
        wake: undefined,
        isMissed: false,
        isOver: false,
      }
      request.waiter = waiter
      const queue = queues.get(id) ?? []
      queue.push(waiter)
      queues.set(id, queue)
      return waiter
    }

    function wakeFirst(clientId: string) {
      const first = queues.get(clientId)?.[0]
      if (first?.wake) first.wake()
      else if (first) first.isMissed = true
    }

    /** When the gateway drains, each waiting call asks once more, in order, and is admitted or gets its 429. */
    function endAll() {
      for (const waiter of [...queues.values()].flat()) {
        waiter.isOver = true
        waiter.wake?.()
      }
    }
  },
  {
    name: 'waiting',
    dependencies: ['auth', 'health', 'lifecycle', 'reservations'],
    decorators: {
      fastify: ['draining', 'onCallEnd', 'onDrain'],
      request: ['client', 'disconnected', 'reservation'],
    },
  },
)

/** Can room come back soon: when running calls end, or tokens are refilled? */
function mayWait({ limit, verdict }: Refused): boolean {
  return limit === 'concurrency' || limit === 'tokens' || verdict === 'in_flight'
}

/** Tokens that running calls have reserved may come back; without any, only time refills the bucket. */
function isHeldByCalls({ limit, scope, states }: Refused): boolean {
  return limit !== 'tokens' || states.some(({ name, running }) => name === scope && running > 0)
}

function isEstimate({ limit, verdict }: Refused): boolean {
  return limit === 'concurrency' || verdict === 'in_flight'
}

/** Does the refill for the first call, the calls behind it and this call take longer than it may wait? */
function lateRefusal([first, ...others]: Waiter[], request: FastifyRequest): Refused | undefined {
  const { until } = first ?? {}
  if (until?.refused.limit !== 'tokens') return undefined
  const refill = refillMs([...others, request.reservation], until.refused, request)
  const retryAfterMs = Math.ceil(until.time - performance.now() + refill)
  return retryAfterMs > request.client.maxWaitMs ? { ...until.refused, retryAfterMs } : undefined
}

/** How long the bucket that refused takes to refill the tokens of `calls`; 0 for every other limit. */
function refillMs(
  calls: { tokens: number }[],
  { limit, scope }: Refused,
  { reservation }: FastifyRequest,
): number {
  const bucket =
    limit === 'tokens' ? reservation.scopes.find(({ name }) => name === scope)?.tokens : undefined
  if (!bucket) return 0
  const { capacity, per } = bucket
  return calls.reduce((sum, { tokens }) => sum + (Math.min(tokens, capacity) * per) / capacity, 0)
}

function pause(waiter: Waiter, known: number | undefined): number {
  if (known !== undefined) return Math.max(POLL.least, known)
  return Math.min(POLL.most, POLL.least * 2 ** waiter.polls++)
}

/** Waits at most until its deadline. */
async function waitFor(request: FastifyRequest, waiter: Waiter, ms: number): Promise<void> {
  const since = performance.now()
  await sleep(waiter, ms)
  request.waitedMs += performance.now() - since
}

function sleep(waiter: Waiter, ms: number): Promise<void> {
  return new Promise(resolve => {
    const left = waiter.deadline - performance.now()
    const timer = setTimeout(end, Math.min(ms, Math.max(0, left)))
    waiter.wake = end
    function end() {
      clearTimeout(timer)
      waiter.wake = undefined
      resolve()
    }
  })
}
