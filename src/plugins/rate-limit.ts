/** Reserves of the request, token and concurrency limits. Each response carries the client's own limits. */

import fp from 'fastify-plugin'
import { type Refusal, refusal, retryAfter } from '../errors.ts'
import type { Scope, ScopeState } from '../lua/types.ts'
import type { Refused } from './reservations.ts'

export default fp(
  async app => {
    app.onScope(({ limits }) => limits)
    app.onReservation(function reserveTokens(request) {
      const { parsed, dialect } = request.call
      if (!dialect.paid) return undefined
      // A longer response makes the bucket negative.
      const perCompletion = Math.min(
        parsed.maxOutputTokens ?? Number.POSITIVE_INFINITY,
        app.usualOutput(request),
      )
      const output = parsed.hasOutput ? perCompletion * parsed.completions : 0
      return { tokens: Math.min(Math.ceil(parsed.inputGuess) + output, Number.MAX_SAFE_INTEGER) }
    })
    for (const limit of ['requests', 'tokens', 'concurrency'] as const) app.limitRefusals.set(limit, tooFast)

    app.onAdmission(function announceLimits(reply, admitted) {
      if (!('states' in admitted)) return
      // The client's own limits, not those it shares with others.
      const { reservation, call } = reply.request
      const [state, scope] = [admitted.states[0], reservation.scopes[0]]
      if (!state || !scope) return
      reply.headers(call.dialect.limitHeaders(state, admitted.at)).headers(standardHeaders(state, scope))
    })
  },
  {
    name: 'rate-limit',
    dependencies: ['call', 'reservations', 'usual-output'],
    decorators: {
      fastify: ['limitRefusals', 'onAdmission', 'onReservation', 'onScope', 'usualOutput'],
      request: ['call', 'reservation'],
    },
  },
)

function tooFast({ scope, limit, retryAfterMs = 1000 }: Refused): Refusal {
  const what = limit === 'concurrency' ? 'calls at once' : `${limit} for now`
  return refusal(
    'rate_limited',
    `${scope} has no more ${what}; try again in ${(retryAfterMs / 1000).toFixed(1)} s.`,
    {
      details: { scope, limit, retry_after_ms: Math.ceil(retryAfterMs) },
      headers: retryAfter(retryAfterMs),
    },
  )
}

/** The IETF headers: quota `q` per window of `w` seconds, remaining units `r`, and seconds `t` until the bucket is full. */
function standardHeaders(state: ScopeState, scope: Scope): Record<string, string> {
  const policy = policyOf(scope)
  if (policy === '') return {}
  const limits = written(name => {
    const now = scope[name] && state[name]
    return now && `"${name}";r=${Math.max(0, now.remaining)};t=${seconds(now.resetMs)}`
  })
  return { 'ratelimit-policy': policy, ratelimit: limits }
}

/** All calls of a client share its scope, so a policy is written once. */
const policies = new WeakMap<Scope, string>()

function policyOf(scope: Scope): string {
  let policy = policies.get(scope)
  if (policy === undefined) {
    policy = written(name => {
      const bucket = scope[name]
      return bucket && `"${name}";q=${bucket.capacity};w=${seconds(bucket.per)}`
    })
    policies.set(scope, policy)
  }
  return policy
}

/** The parts of both buckets as a list of a header; empty if no bucket has a part. */
function written(partOf: (name: 'requests' | 'tokens') => string | undefined): string {
  const [requests, tokens] = [partOf('requests'), partOf('tokens')]
  return requests && tokens ? `${requests}, ${tokens}` : (requests ?? tokens ?? '')
}

function seconds(ms: number): number {
  return Math.ceil(ms / 1000)
}
