/**
 * The upstream breaker. A provider that refuses our key or account will refuse the next call too: while it does, calls
 * fail fast with the same refusal, and one at a time is let through to see whether it still does.
 *
 * Each replica has breakers of its own, and each model of an upstream has one: an account may well be refused a single
 * model, and a caller who asks for it must not close the others to everybody.
 */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Refusal, refusal } from '../errors.ts'

/** An open breaker; a closed one is none. */
interface Breaker {
  /** What the provider said, in our words. */
  refused: Refusal
  openMs: number
  /** On the monotonic clock. */
  probeAt: number
  probe: FastifyRequest | undefined
}

export interface BreakerOptions {
  firstOpenMs?: number
  longestOpenMs?: number
}

export default fp<BreakerOptions>(
  async (app, { firstOpenMs = 30_000, longestOpenMs = 300_000 }) => {
    const open = new Map<string, Breaker>()

    // After the admission: a kept answer needs no provider, and what was claimed goes back at the exit door.
    app.addHook('preHandler', function spareUpstream(request, _reply, done) {
      if (!request.admitted) return done()
      const breaker = open.get(nameOf(request))
      if (!breaker) return done()
      if (breaker.probe || performance.now() < breaker.probeAt) {
        const { code, headers, message, reason } = breaker.refused
        return done(refusal(code, message, { headers, reason: `${reason}; the breaker is open` }))
      }
      breaker.probe = request
      done()
    })

    app.onSettled(function learnFromUpstream(request) {
      const { admitted, error, exchange } = request
      if (!admitted) return
      const name = nameOf(request)
      const breaker = open.get(name)
      const refused = exchange && error?.code === 'upstream_refused_us' ? error : undefined
      // Calls that set out before it opened say nothing new: only its probe does.
      if (!breaker && refused) trip(request, refused, firstOpenMs)
      if (breaker?.probe !== request) return
      breaker.probe = undefined
      if (refused) trip(request, refused, Math.min(breaker.openMs * 2, longestOpenMs))
      else if (exchange?.answering) reset(request)
    })

    // What was refused the old key says nothing of the new one.
    app.secrets.onChange(() => {
      open.clear()
      for (const { refusing } of app.upstreams.all()) refusing.clear()
    })

    function trip(request: FastifyRequest, refused: Refusal, openMs: number) {
      const name = nameOf(request)
      request.route.upstream.refusing.add(request.call.ask.model)
      open.set(name, { refused, openMs, probeAt: performance.now() + openMs, probe: undefined })
      app.log.warn({ upstream: name, openMs }, 'the provider refuses us; calls to it fail fast')
    }

    function reset(request: FastifyRequest) {
      const name = nameOf(request)
      request.route.upstream.refusing.delete(request.call.ask.model)
      open.delete(name)
      app.log.info({ upstream: name }, 'the provider accepts us again')
    }
  },
  { name: 'breaker', dependencies: ['admission', 'secrets'] },
)

function nameOf({ route, call }: FastifyRequest): string {
  return `${route.upstream.name}/${call.ask.model}`
}
