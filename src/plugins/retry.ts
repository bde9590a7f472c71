/**
 * Tries a call again after a failed attempt: at the next target of its route, or at the same one after a wait. A failed
 * attempt that may have cost money is charged first, and the next one needs room of its own in every budget.
 */

import { setTimeout as sleep } from 'node:timers/promises'
import type { FastifyReply, FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Refusal } from '../errors.ts'
import { LOOKAHEAD_SECONDS } from '../pricing/bound.ts'
import { isRetried, mostHelpful, retryWait } from '../upstreams/retry.ts'
import { createRetryBudget } from '../upstreams/retry-budget.ts'
import type { Upstream } from '../upstreams/upstream.ts'
import { isAvailable, type Target } from './models.ts'

export interface FailedAttempt {
  upstream: string
  /** Its address. */
  server: Upstream['server']
  model: string
  error: Refusal
  startedAt: number
  ms: number
  /** How long the call had waited for room in limits before this attempt, ms. */
  waitedMs: number
  /** Nano-dollars; 0: the attempt cost nothing. */
  chargedNanos: number
  /** Of a traced call, if another attempt followed. */
  spanId: string | undefined
}

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Prepares the next attempt after an error that came before the response began. Resolves when `request.ticket` is that
     * of the next attempt, or rejects with the error that the caller gets; the signal ends the wait with its reason.
     * Undefined: there is no next attempt.
     */
    prepareRetry(
      request: FastifyRequest,
      reply: FastifyReply,
      error: Refusal,
      signal: AbortSignal,
    ): Promise<void> | undefined
    /** The error that a call ends with after this one, which is not followed by another attempt. */
    errorForCaller(request: FastifyRequest, error: Refusal): Refusal
    /** Milliseconds for the headers of the next response; undefined: only UPSTREAM_TIMEOUT_SECONDS limits them. */
    headersTimeoutOf(request: FastifyRequest): number | undefined
  }
  interface FastifyRequest {
    failedAttempts: FailedAttempt[] | undefined
  }
}

/** Milliseconds. With less time an attempt would be charged and not answered. */
const LEAST_TIME = 500

export default fp<{ timeoutMs: number }>(
  async (app, { timeoutMs }) => {
    const budget = createRetryBudget()
    app.decorateRequest('failedAttempts')

    app.addHook('preHandler', function countCall(request, _reply, done) {
      if (request.ticket) budget.addCall()
      done()
    })

    app.decorate('prepareRetry', (request, reply, error, signal) => {
      const failed = noteFailure(request, error)
      const next = mayRetry(request, error) ? nextTargets(request, spareMs(request)) : undefined
      if (!next || !budget.takeRetry()) return undefined
      return prepare({ request, reply, failed, signal }, next).catch(returnRetry)
    })

    app.decorate('errorForCaller', (request: FastifyRequest, error: Refusal) =>
      isRetried(error) ? (mostHelpful(errorsOf(request)) ?? error) : error,
    )

    app.decorate('headersTimeoutOf', (request: FastifyRequest) => {
      const { plan, route, targets } = request
      const own = route.upstream.settings.timeoutSeconds
      // A time-out of 0 would mean no time-out.
      const left = Math.max(1, remainingMs(request))
      if (own !== undefined) return Math.min(own * 1000, left)
      const others = Math.min(plan.attempts - attemptsOf(request), untried(request, targets).length) - 1
      if (others > 0) return Math.min(left, Math.max(LEAST_TIME, left / (others + 1)))
      return attemptsOf(request) > 0 ? left : undefined
    })

    function noteFailure(request: FastifyRequest, error: Refusal): FailedAttempt {
      const { attempt, route } = request
      const startedAt = attempt?.startedAt ?? performance.now()
      const failed: FailedAttempt = {
        upstream: route.upstream.name,
        server: route.upstream.server,
        model: route.price.model,
        error,
        startedAt,
        ms: (attempt?.endedAt ?? performance.now()) - startedAt,
        waitedMs: request.waitedMs,
        chargedNanos: 0,
        spanId: undefined,
      }
      request.failedAttempts ??= []
      request.failedAttempts.push(failed)
      return failed
    }

    function mayRetry(request: FastifyRequest, error: Refusal): boolean {
      const { disconnected, plan } = request
      if (disconnected || !isRetried(error) || attemptsOf(request) >= plan.attempts) return false
      return spareMs(request) > 0
    }

    function returnRetry(error: unknown): never {
      budget.returnRetry()
      throw error
    }

    async function prepare({ request, reply, failed, signal }: Preparation, { targets, waitMs }: Next) {
      if (waitMs > 0) await sleep(waitMs, undefined, { signal }).catch(() => {})
      // Nothing is reserved for a call that ends here.
      if (signal.aborted) throw signal.reason
      const { nanos } = app.costOf(request)
      if (nanos > 0) {
        failed.chargedNanos = nanos
        const narrow = () => leaveOnly(request, targets)
        const hasRoom = await app.chargeAndAdmit(request, reply, failed.error, narrow).catch(() => false)
        if (!hasRoom && !signal.aborted) throw request.failedAttempts![0]!.error
      }
      if (signal.aborted) throw signal.reason
      if (spareMs(request) <= 0) throw mostHelpful(errorsOf(request))!
      const entered = app.enterTarget(request, presentOf(request, targets))
      if ('refused' in entered) throw mostHelpful(errorsOf(request))!
      failed.spanId = app.nextUpstreamSpan(request)
      request.ticket = entered
      request.route = entered.target
      // The hold covers the first seconds of an attempt, whenever it begins.
      const { hold } = request
      if (hold && 'coveredUntil' in hold) hold.coveredUntil = performance.now() + LOOKAHEAD_SECONDS * 1000
    }

    /** How long the next attempt may still wait, ms; 0 or less: it must not begin. */
    function spareMs(request: FastifyRequest): number {
      return remainingMs(request) - LEAST_TIME
    }

    /** What UPSTREAM_TIMEOUT_SECONDS leaves for all further attempts, ms. */
    function remainingMs({ failedAttempts }: FastifyRequest): number {
      const [first] = failedAttempts ?? []
      return first ? timeoutMs - (performance.now() - first.startedAt) : timeoutMs
    }
  },
  {
    name: 'retry',
    dependencies: ['admission', 'breaker', 'cost', 'lifecycle', 'models', 'traces', 'waiting'],
    decorators: {
      fastify: ['chargeAndAdmit', 'costOf', 'enterTarget', 'nextUpstreamSpan'],
      request: ['disconnected', 'hold', 'plan', 'route', 'targets', 'ticket', 'waitedMs'],
    },
  },
)

interface Preparation {
  request: FastifyRequest
  reply: FastifyReply
  failed: FailedAttempt
  signal: AbortSignal
}

interface Next {
  targets: readonly Target[]
  /** The wait before it, ms. */
  waitMs: number
}

function attemptsOf({ failedAttempts = [] }: FastifyRequest): number {
  return failedAttempts.length
}

function errorsOf({ failedAttempts = [] }: FastifyRequest): Refusal[] {
  return failedAttempts.map(({ error }) => error)
}

function untried({ failedAttempts = [] }: FastifyRequest, targets: readonly Target[]): Target[] {
  return targets.filter(target => !failedAttempts.some(one => isAt(one, target)))
}

function isAt({ upstream, model }: FailedAttempt, target: Target): boolean {
  return upstream === target.upstream.name && model === target.price.model
}

/** Leaves only the targets that may serve the call from now on, so that the new hold need not cover the others. */
function leaveOnly(request: FastifyRequest, next: readonly Target[]): void {
  const { plan, targets } = request
  const others = plan.repeats ? targets : untried(request, targets)
  request.targets = [...new Set([...presentOf(request, next), ...others])]
  request.route = request.targets[0]!
}

/** A change of the configuration may have replaced the targets by those of other upstreams. */
function presentOf({ targets }: FastifyRequest, chosen: readonly Target[]): readonly Target[] {
  const present = chosen.flatMap(
    one =>
      targets.find(
        ({ upstream, price }) => upstream.name === one.upstream.name && price.model === one.price.model,
      ) ?? [],
  )
  return present.length > 0 ? present : targets
}

/**
 * The targets of the next attempt, and the wait before it, ms, less than `leftMs`. Undefined: none can be tried again soon
 * enough.
 */
function nextTargets(request: FastifyRequest, leftMs: number): Next | undefined {
  const { failedAttempts = [], plan, targets } = request
  const last = failedAttempts.at(-1)
  // Another key of the same upstream may be accepted at once.
  const here = targets.filter(target => last && isAt(last, target) && isAvailable(target))
  if (last && here.length > 0 && hasOtherKey(last, here)) return { targets: here, waitMs: 0 }
  const others = untried(request, targets).filter(isAvailable)
  if (others.length > 0) return { targets: others, waitMs: 0 }
  if (!plan.repeats) return undefined
  let soonest: Next | undefined
  for (const target of targets) {
    const failures = failedAttempts.filter(one => isAt(one, target))
    const failed = failures.at(-1)
    if (!failed || failed.error.code === 'upstream_refused_us') continue
    const since = performance.now() - failed.startedAt - failed.ms
    // The random part does not count against the limit.
    if (retryWait(failed.error, failures.length, () => 0) - since > plan.retryWithinMs) continue
    const waitMs = Math.max(0, retryWait(failed.error, failures.length) - since)
    if (waitMs < leftMs && (!soonest || waitMs < soonest.waitMs)) soonest = { targets: [target], waitMs }
  }
  return soonest
}

function hasOtherKey({ error }: FailedAttempt, [target]: readonly Target[]): boolean {
  const isAboutKey = error.code === 'upstream_refused_us' || error.code === 'upstream_rate_limited'
  return isAboutKey && (target?.upstream.keys.length ?? 0) > 1
}
