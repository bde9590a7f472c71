/**
 * The circuits of upstreams and keys. A call skips a target whose circuit is open, and takes a pass of the one it is sent to;
 * the result changes the circuit. A provider may refuse an account a single model, so each model has its own circuit.
 */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { type Refusal, type RefusalCode, refusal, retryAfter } from '../errors.ts'
import { chooseKey, type Key, openKey } from '../upstreams/keys.ts'
import { availableFirst, type Target } from './models.ts'

/** The permission to send an attempt to a target with one of its keys. */
export interface Ticket {
  target: Target
  key: Key
  /** The passes of both circuits; undefined: the attempt does not change them. */
  passes: { key: number; upstream: number } | undefined
}

/** No target lets the call pass. */
export interface Blocked {
  refused: Refusal
  /** Milliseconds until the first circuit lets a call pass. */
  retryMs: number
}

declare module 'fastify' {
  interface FastifyInstance {
    /** A ticket for the first of these targets that lets the call pass. */
    enterTarget(request: FastifyRequest, targets: readonly Target[]): Ticket | Blocked
    /** Updates the circuits from the provider's response, before the caller gets it. Without `error` the call was accepted. */
    learnFromUpstream(request: FastifyRequest, error: Refusal | undefined): void
  }
  interface FastifyRequest {
    /** Of the running attempt, or of the next one. */
    ticket: Ticket | undefined
  }
}

type Result = 'accepted' | 'refused' | 'limited' | 'failed'

/** What an error says about the upstream. Any other error says nothing. */
const RESULTS: Partial<Record<RefusalCode, Result>> = {
  invalid_request: 'accepted',
  not_found: 'accepted',
  request_too_large: 'accepted',
  unprocessable: 'accepted',
  upstream_forbidden: 'accepted',
  upstream_refused_us: 'refused',
  upstream_rate_limited: 'limited',
  upstream_error: 'failed',
  upstream_unavailable: 'failed',
  upstream_overloaded: 'failed',
  upstream_timeout: 'failed',
}

/** Milliseconds that a key is set aside if the provider limits the gateway and names no wait. */
const LIMITED_MS = 1000
/** The `retry-after` for a caller while an upstream is at its concurrency limit, ms. */
const FULL_MS = 1000

export default fp(
  async app => {
    app.decorateRequest('ticket')

    // After the admission: a cached response needs no provider, and the end of the call gives back the reservation.
    app.addHook('preHandler', function checkCircuit(request, reply, done) {
      if (!request.admitted) return done()
      const entered = app.enterTarget(request, request.targets)
      if ('refused' in entered) return done(refusedByCircuit(entered))
      request.ticket = entered
      request.route = entered.target
      // The response is still read after its caller has left. The circuit does not wait for that.
      reply.raw.on('close', () => leave(request))
      done()
    })

    app.decorate('enterTarget', (request, targets) => {
      let soonest: Blocked | undefined
      const inOrder = request.call.dialect.paid ? targets : availableFirst(targets)
      for (const target of inOrder) {
        const entered = enter(request, target)
        if ('target' in entered) return entered
        if (!soonest || entered.retryMs < soonest.retryMs) soonest = entered
      }
      return soonest!
    })

    app.decorate('learnFromUpstream', (request, error) => {
      const { ticket, attempt } = request
      if (!ticket?.passes) return
      const result = error ? RESULTS[error.code] : attempt?.isSuccess ? 'accepted' : undefined
      noteResult(ticket, result)
      if (result === 'accepted') accepted(ticket)
      else if (error && result === 'refused') logOpening(ticket, error, refusedBy(ticket, error))
      else if (error && result === 'limited') limitedBy(request, ticket, error)
      else if (error && result === 'failed' && hasChoice(request))
        logOpening(ticket, error, failedBy(ticket, error))
      else leave(request)
    })

    // The provider may accept the new key.
    app.secrets.onChange(() => {
      for (const { keys } of app.upstreams.all()) for (const { circuits } of keys) circuits.reset()
    })

    function accepted({ target, key, passes }: Ticket) {
      const { upstream, price } = target
      if (!passes) return
      const isBack = [
        key.circuits.accepted(price.model, passes.key),
        upstream.circuits.accepted(price.model, passes.upstream),
      ].some(Boolean)
      if (isBack) app.log.info({ upstream: nameOf(target) }, 'the provider accepts the gateway again')
    }

    function logOpening({ target }: Ticket, error: Refusal, openMs: number | undefined) {
      if (openMs === undefined) return
      app.log.warn(
        { upstream: nameOf(target), openMs, error: error.reason },
        'the provider fails or refuses the gateway; its circuit is open',
      )
    }
  },
  {
    name: 'breaker',
    dependencies: ['admission', 'call', 'models', 'secrets', 'upstreams'],
    decorators: {
      fastify: ['secrets', 'upstreams'],
      request: ['admitted', 'call', 'plan', 'route', 'targets'],
    },
  },
)

function nameOf({ upstream, price }: Target): string {
  return `${upstream.name}/${price.model}`
}

/** Failures open a circuit only if calls have another target. Without one, an open circuit would refuse all calls. */
function hasChoice({ plan }: FastifyRequest): boolean {
  return plan.candidates.length > 1
}

/** A provider accepts a free call in spite of an unpaid bill, so it takes no pass, and its result does not close a circuit. */
function enter(request: FastifyRequest, target: Target): Ticket | Blocked {
  const { upstream, price } = target
  const { concurrency = Number.POSITIVE_INFINITY } = upstream.settings.limits ?? {}
  if (upstream.attempts.running >= concurrency)
    return { refused: full(upstream.name, concurrency), retryMs: FULL_MS }
  if (!request.call.dialect.paid)
    return { target, key: openKey(upstream.keys, price.model), passes: undefined }
  const chosen = chooseKey(upstream.keys, price.model)
  if ('refused' in chosen) return chosen
  const { key, pass } = chosen
  const entry = upstream.circuits.enter(price.model)
  if ('pass' in entry) return { target, key, passes: { key: pass, upstream: entry.pass } }
  key.circuits.leave(price.model, pass)
  return entry
}

/** For the health of the upstream. Any answer but a failure shows that it works. */
function noteResult({ target: { upstream } }: Ticket, result: Result | undefined) {
  if (result === undefined) return
  upstream.failuresInRow = result === 'failed' ? upstream.failuresInRow + 1 : 0
  if (result === 'accepted') upstream.acceptedAt = Date.now()
}

function refusedBy({ target, key, passes }: Ticket, error: Refusal): number | undefined {
  target.upstream.circuits.leave(target.price.model, passes!.upstream)
  return key.circuits.refused(target.price.model, passes!.key, error)
}

function failedBy({ target, key, passes }: Ticket, error: Refusal): number | undefined {
  key.circuits.leave(target.price.model, passes!.key)
  return target.upstream.circuits.failed(target.price.model, passes!.upstream, error)
}

/** A rate limit shows that the provider accepts the key. The key is set aside only if there is another key or target. */
function limitedBy(request: FastifyRequest, { target, key, passes }: Ticket, error: Refusal) {
  const { upstream, price } = target
  upstream.circuits.accepted(price.model, passes!.upstream)
  const waitMs = Number(error.headers['retry-after-ms'] ?? LIMITED_MS)
  if (hasChoice(request) || upstream.keys.length > 1)
    key.circuits.limited(price.model, passes!.key, error, waitMs)
  else key.circuits.accepted(price.model, passes!.key)
}

function leave({ ticket }: FastifyRequest) {
  if (!ticket?.passes) return
  const { target, key, passes } = ticket
  key.circuits.leave(target.price.model, passes.key)
  target.upstream.circuits.leave(target.price.model, passes.upstream)
}

function full(name: string, most: number): Refusal {
  return refusal(
    'upstream_overloaded',
    'The provider has no room for another call of the gateway; try again.',
    {
      headers: retryAfter(FULL_MS),
      reason: `${name} runs ${most} calls, as many as its limits allow`,
    },
  )
}

export function refusedByCircuit({ refused, retryMs }: Blocked): Refusal {
  const { code, details, headers, message, reason } = refused
  const wait = retryAfter(retryMs)
  return refusal(code, message, {
    details: { ...details, retry_after_ms: Number(wait['retry-after-ms']) },
    headers: { ...headers, ...wait },
    reason: `${reason}; the call was not sent`,
  })
}
