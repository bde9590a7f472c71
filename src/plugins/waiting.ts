/**
 * A short wait inside the gateway instead of a 429, for clients whose `limits.maxWaitMs` allows it: where running calls
 * or a token bucket are in the way. First come, first served per client on this replica; only the first of a line asks
 * Redis again, when a call of its client ends here, and now and then, since other replicas free room as well.
 */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Refused } from './claims.ts'

declare module 'fastify' {
  interface FastifyInstance {
    waiting: {
      /**
       * Resolves when no call of its client waits before it, or when it may wait no longer; with a refusal where those
       * before it will need the tokens of a longer time.
       */
      turn(request: FastifyRequest): Promise<Refused | undefined>
      /** After a refusal. True: it has waited, ask again. False: it is refused; waiting is no help, or takes too long. */
      again(request: FastifyRequest, refused: Refused): Promise<boolean>
      /** The call was admitted or refused. To be called in every case. */
      leave(request: FastifyRequest): void
    }
  }
  interface FastifyRequest {
    /** Its place in the line of its client. */
    waiter: Waiter | undefined
  }
}

export interface Waiter {
  clientId: string
  /** Of its claim. */
  tokens: number
  /** The refusal that it waits to be over, where it is known when, on the monotonic clock. */
  until: { time: number; refused: Refused } | undefined
  /** On the monotonic clock. */
  deadline: number
  /** How often it has waited for no known time. */
  polls: number
  /** Ends its sleep; undefined while it asks. */
  wake: (() => void) | undefined
  /** A call ended while it asked: the answer may be out of date. */
  isMissed: boolean
  /** The gateway drains: it asks once more. */
  isOver: boolean
}

/** Milliseconds between two questions of a line where no call ends: the least, and the most where the wait is not known. */
const POLL = { least: 100, most: 500 }

export default fp(
  async app => {
    const lines = new Map<string, Waiter[]>()
    app.decorateRequest('waiter')

    app.decorate('waiting', {
      async turn(request) {
        const { id, maxWaitMs } = request.client
        const line = lines.get(id)
        if (!line || maxWaitMs === 0 || app.draining) return undefined
        const late = lateRefusal(line, request)
        if (!late) await sleep(join(request), maxWaitMs)
        return late
      },

      async again(request, refused) {
        const { maxWaitMs } = request.client
        if (maxWaitMs === 0 || app.draining || !mayWait(refused)) return false
        const waiter = request.waiter ?? join(request)
        const left = waiter.deadline - performance.now()
        const known = isEstimate(refused) ? undefined : refused.retryAfterMs
        if (waiter.isOver || left <= 0 || (known !== undefined && known > left)) return false
        waiter.until = known === undefined ? undefined : { time: performance.now() + known, refused }
        const isFirst = lines.get(waiter.clientId)?.[0] === waiter
        // Without a call's end to answer to, the line would ask again and again.
        if (!isFirst || !waiter.isMissed) await sleep(waiter, isFirst ? pause(waiter, known) : left)
        waiter.isMissed = false
        return true
      },

      leave(request) {
        const { waiter } = request
        if (!waiter) return
        request.waiter = undefined
        const line = lines.get(waiter.clientId) ?? []
        const place = line.indexOf(waiter)
        line.splice(place, 1)
        if (line.length === 0) lines.delete(waiter.clientId)
        else if (place === 0) wakeFirst(waiter.clientId)
      },
    })

    app.onSettled(function wakeLine({ client, claimed, waiter }) {
      // Its caller has left.
      waiter?.wake?.()
      if (claimed) wakeFirst(client.id)
    })
    app.onDrain(endAll)
    app.addHook('preClose', async () => endAll())

    function join(request: FastifyRequest): Waiter {
      const { id, maxWaitMs } = request.client
      const waiter: Waiter = {
        clientId: id,
        tokens: request.claims.tokens,
        until: undefined,
        deadline: performance.now() + maxWaitMs,
        polls: 0,
        wake: undefined,
        isMissed: false,
        isOver: false,
      }
      request.waiter = waiter
      const line = lines.get(id) ?? []
      line.push(waiter)
      lines.set(id, line)
      return waiter
    }

    function wakeFirst(clientId: string) {
      const first = lines.get(clientId)?.[0]
      if (first?.wake) first.wake()
      else if (first) first.isMissed = true
    }

    /** A drain waits for nobody: each asks once more, in its order, and is admitted or gets its 429. */
    function endAll() {
      for (const waiter of [...lines.values()].flat()) {
        waiter.isOver = true
        waiter.wake?.()
      }
    }
  },
  { name: 'waiting', dependencies: ['auth', 'health', 'lifecycle'] },
)

/** Room comes back soon: where calls run, or tokens are refilled. */
function mayWait({ limit, verdict }: Refused): boolean {
  return limit === 'concurrency' || limit === 'tokens' || verdict === 'in_flight'
}

function isEstimate({ limit, verdict }: Refused): boolean {
  return limit === 'concurrency' || verdict === 'in_flight'
}

/** What the first waits for, then what the others need, then what this call needs: longer than it may wait? */
function lateRefusal([first, ...others]: Waiter[], { claims, client }: FastifyRequest): Refused | undefined {
  const { until } = first ?? {}
  const bucket = claims.scopes.find(({ name, tokens }) => tokens && name === until?.refused.scope)?.tokens
  if (until?.refused.limit !== 'tokens' || !bucket) return undefined
  const { capacity, per } = bucket
  const needed = [...others, claims].reduce((sum, { tokens }) => sum + Math.min(tokens, capacity), 0)
  const retryAfterMs = Math.ceil(until.time - performance.now() + (needed * per) / capacity)
  return retryAfterMs > client.maxWaitMs ? { ...until.refused, retryAfterMs } : undefined
}

function pause(waiter: Waiter, known: number | undefined): number {
  if (known !== undefined) return Math.max(POLL.least, known)
  return Math.min(POLL.most, POLL.least * 2 ** waiter.polls++)
}

/** At most to its deadline. */
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
