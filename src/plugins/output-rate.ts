/**
 * The highest output rate of a model: the price table's figure, or a higher one if this replica saw a faster response
 * since its start. A faster response raises an alert, because holds were too low until then.
 */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { outputRateAlert } from '../alerts/call-rules.ts'
import { outputRate } from '../pricing/bound.ts'
import type { Price } from '../pricing/price.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Highest output tokens a second of one response of this call at any target; undefined: only its output limit bounds it. */
    outputRateOf(request: FastifyRequest): number | undefined
  }
}

/** Shorter responses are not measured: a provider may send a buffer at once. */
const SHORTEST_SECONDS = 5
/** A faster response raises the rate to this multiple of its own rate. */
const MARGIN = 1.5

export default fp(
  async app => {
    /** By model, tier and speed. */
    const seen = new Map<string, number>()

    app.decorate('outputRateOf', (request: FastifyRequest) => {
      let highest = 0
      let last: Price | undefined
      for (const { price } of request.targets) {
        // Upstreams without prices of their own share the price.
        if (price === last) continue
        last = price
        const rate = outputRate(price, request.call.parsed)
        if (rate === undefined) return undefined
        highest = Math.max(highest, rate, seen.size === 0 ? 0 : (seen.get(nameOf(request, price)) ?? 0))
      }
      return highest
    })

    app.onCallEnd('observe', function compareOutputRate(request) {
      const { call, reservation, attempt, measured, route } = request
      if (!measured?.usage || !attempt?.endedAt || reservation.outputRate === undefined) return
      // If the provider runs tools or other models, the output is not one model's.
      if (call.parsed.unbounded.length > 0) return
      const output = measured.usage.reduce((sum, part) => sum + part.output, 0) / call.parsed.completions
      const seconds = Math.max(SHORTEST_SECONDS, (attempt.endedAt - attempt.startedAt) / 1000)
      const rate = output / seconds
      if (rate <= reservation.outputRate) return
      const name = nameOf(request, route.price)
      seen.set(name, Math.ceil(Math.max(rate * MARGIN, seen.get(name) ?? 0)))
      const facts = { upstream: route.upstream.name, model: route.price.model }
      app.alerts.raise(
        outputRateAlert({ ...facts, seen: rate, known: reservation.outputRate }, app.clock.now()),
      )
      app.log.warn({ ...facts, tokensPerSecond: rate }, 'the output rate was higher than in the price table')
    })
  },
  {
    name: 'output-rate',
    dependencies: ['alerts', 'call', 'clock', 'lifecycle', 'models', 'reservations'],
    decorators: {
      fastify: ['alerts', 'clock', 'onCallEnd'],
      request: ['call', 'reservation', 'route', 'targets'],
    },
  },
)

function nameOf({ call: { parsed } }: FastifyRequest, { model }: Price): string {
  return `${model} ${parsed.tier ?? ''} ${parsed.speed ?? ''}`
}
