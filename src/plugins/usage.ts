/** The usage of a call: a meter reads the bytes of the response as they pass. */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import type { Measured, Meter } from '../dialects/dialect.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Ends the metering of the response. Later calls change nothing. */
    endMeter(request: FastifyRequest): void
    /** Replaces the meter for the next attempt. */
    restartMeter(request: FastifyRequest): void
    /** Replaces the meter: the response to a stream request is JSON. */
    meterJson(request: FastifyRequest): void
  }
  interface FastifyRequest {
    meter: Meter | undefined
    /** The result of the meter; undefined while the response goes on. */
    measured: Measured | undefined
  }
}

export default fp(
  async app => {
    app.decorateRequest('meter')
    app.decorateRequest('measured')
    app.decorate('endMeter', (request: FastifyRequest) => {
      request.measured ??= request.meter?.end()
    })
    app.decorate('restartMeter', (request: FastifyRequest) => {
      request.measured = undefined
      request.meter = request.call.dialect.meter(request.call.parsed, request.call.parsed.stream)
    })
    app.decorate('meterJson', (request: FastifyRequest) => {
      request.meter = request.call.dialect.meter(request.call.parsed, false)
    })
    // The provider is asked to report the usage of a stream. The extra frame is removed from the response.
    app.onReservation(function askForUsage({ call: { parsed } }) {
      return parsed.stream && !parsed.wantsUsageFrame ? { edits: { includeUsage: true } } : undefined
    })

    app.addHook('preHandler', function startMeter(request, _reply, done) {
      if (request.call) app.restartMeter(request)
      done()
    })
  },
  {
    name: 'usage',
    dependencies: ['call', 'reservations'],
    decorators: { fastify: ['onReservation'], request: ['call'] },
  },
)
