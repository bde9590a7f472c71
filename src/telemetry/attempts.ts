/** The attempts of an ended call at upstreams, for metrics, traces and alerts. */

import type { FastifyRequest } from 'fastify'
import type { Refusal } from '../errors.ts'

export interface AttemptResult {
  upstream: string
  model: string
  /** The code of its error, `ok`, or `client_gone` if the caller left before the response began. */
  result: string
  error: Refusal | undefined
}

/** Each request to an upstream once, in their order. */
export function attemptResults(request: FastifyRequest): AttemptResult[] {
  const { attempt, attempts, error, failedAttempts = [], route } = request
  const results: AttemptResult[] = failedAttempts.map(failed => ({
    upstream: failed.upstream,
    model: failed.model,
    result: failed.error.code,
    error: failed.error,
  }))
  // The last attempt is not among the failed ones if it had a response, or if its caller left.
  if (attempt && attempts > failedAttempts.length)
    results.push({
      upstream: route.upstream.name,
      model: route.price.model,
      result: error?.code ?? (attempt.isSuccess ? 'ok' : 'client_gone'),
      error,
    })
  return results
}

/** The attempts before the last one. */
export function earlierAttempts({ attempts, failedAttempts = [] }: FastifyRequest) {
  return failedAttempts.slice(0, Math.max(0, attempts - 1))
}

/** False: the call failed by a fault of its own, or of the gateway. */
export function isUpstreamError({ code, reason }: Refusal): boolean {
  return code.startsWith('upstream_') || (reason?.startsWith('the provider answered') ?? false)
}
