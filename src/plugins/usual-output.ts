/**
 * How much output a call usually has: a running estimate of the 90th percentile for each client and model, learned from
 * the calls of this replica. Token buckets reserve it where the request's own ceiling is higher.
 */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { LRUCache } from 'lru-cache'

declare module 'fastify' {
  interface FastifyInstance {
    /** Output tokens of one response that a call of this client and model usually does not exceed. */
    usualOutput(request: FastifyRequest): number
  }
}

/** Clients and models that are remembered. */
const REMEMBERED = 10_000
/** Before the first call has ended. */
const AT_START = 1000
const QUANTILE = 0.9
/** Each response moves the estimate by a share of this, on a logarithmic scale. */
const STEP = 0.5
/** The two steps balance where a share of QUANTILE of the responses is shorter than the estimate. */
const UP = Math.exp(STEP * QUANTILE)
const DOWN = Math.exp(-STEP * (1 - QUANTILE))

export default fp(
  async app => {
    const usual = new LRUCache<string, number>({ max: REMEMBERED })

    app.decorate('usualOutput', (request: FastifyRequest) =>
      Math.ceil(usual.get(nameOf(request)) ?? AT_START),
    )

    app.onSettled(function learnUsualOutput(request) {
      const { call, measured } = request
      if (!measured?.usage?.length || !call?.ask.hasOutput) return
      const output = measured.usage.reduce((sum, part) => sum + part.output, 0) / call.ask.answers
      usual.set(nameOf(request), stepTowards(output, usual.get(nameOf(request)) ?? AT_START))
    })
  },
  { name: 'usual-output', dependencies: ['models'] },
)

function nameOf({ client, route }: FastifyRequest): string {
  return `${client.id} ${route.price.model}`
}

/** One stochastic step of the quantile, never past what was seen. */
export function stepTowards(output: number, estimate: number): number {
  return output > estimate ? Math.min(output, estimate * UP) : Math.max(output, estimate * DOWN, 1)
}
