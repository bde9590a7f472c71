/**
 * The usual output of a call: a running estimate of the 90th percentile for each client and model, learned from the calls
 * of this replica. Token buckets reserve it if the request's output limit is higher.
 */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { lru } from '../lru.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Usual highest output tokens of one response of this client and model. */
    usualOutput(request: FastifyRequest): number
  }
}

/** Pairs of client and model that are kept. */
const REMEMBERED = 10_000
/** Before the first call has ended. */
const AT_START = 1000
const QUANTILE = 0.9
/** Each response moves the estimate by a part of this step, on a logarithmic scale. */
const STEP = 0.5
/** The steps up and down balance when a share QUANTILE of the responses is shorter than the estimate. */
const UP = Math.exp(STEP * QUANTILE)
const DOWN = Math.exp(-STEP * (1 - QUANTILE))

export default fp(
  async app => {
    const usual = lru<number>(REMEMBERED)

    app.decorate('usualOutput', (request: FastifyRequest) =>
      Math.ceil(usual.get(nameOf(request)) ?? AT_START),
    )

    app.onCallEnd('observe', function learnUsualOutput(request) {
      const { call, measured } = request
      if (!measured?.usage?.length || !call?.parsed.hasOutput) return
      const output = measured.usage.reduce((sum, part) => sum + part.output, 0) / call.parsed.completions
      usual.set(nameOf(request), stepTowards(output, usual.get(nameOf(request)) ?? AT_START))
    })
  },
  {
    name: 'usual-output',
    dependencies: ['auth', 'call', 'lifecycle', 'models'],
    decorators: { fastify: ['onCallEnd'], request: ['call', 'client', 'route'] },
  },
)

function nameOf({ client, route }: FastifyRequest): string {
  return `${client.id} ${route.price.model}`
}

/** One stochastic step of the quantile estimate, never past the response's length. */
export function stepTowards(output: number, estimate: number): number {
  return output > estimate ? Math.min(output, estimate * UP) : Math.max(output, estimate * DOWN, 1)
}
