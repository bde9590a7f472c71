/**
 * The highest output rate of a model: the price table's figure, or a higher one if this replica saw a faster response
 * since its start. A faster response raises an alert, because holds were too low until then.
 */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { outputRateAlert } from '../alerts/call-rules.ts'
import { outputRate } from '../pricing/bound.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Highest output tokens a second of one response of this call; undefined: only its output limit bounds it. */
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
      const { call, route } = request
      const known = outputRate(route.price, call.parsed)
      if (known === undefined || seen.size === 0) return known
      return Math.max(known, seen.get(nameOf(request)) ?? 0)
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
      seen.set(nameOf(request), Math.ceil(Math.max(rate * MARGIN, seen.get(nameOf(request)) ?? 0)))
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
    decorators: { fastify: ['alerts', 'clock', 'onCallEnd'], request: ['call', 'reservation', 'route'] },
  },
)

function nameOf({ call: { parsed }, route }: FastifyRequest): string {
  return `${route.price.model} ${parsed.tier ?? ''} ${parsed.speed ?? ''}`
}
