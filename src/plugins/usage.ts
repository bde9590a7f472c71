/** The usage of a call: a meter reads the bytes of the response as they pass. */

import fp from 'fastify-plugin'
import type { Measured, Meter } from '../dialects/dialect.ts'

declare module 'fastify' {
  interface FastifyRequest {
    meter: Meter | undefined
    /** What the meter saw; undefined while the answer goes on. */
    measured: Measured | undefined
  }
}

export default fp(
  async app => {
    app.decorateRequest('meter')
    app.decorateRequest('measured')
    // The provider is asked to report the usage of a stream. The extra frame is removed from the response.
    app.onReservation(function askForUsage({ call: { parsed } }) {
      return parsed.stream && !parsed.wantsUsageFrame ? { edits: { includeUsage: true } } : undefined
    })

    app.addHook('preHandler', function startMeter(request, _reply, done) {
      if (request.call)
        request.meter = request.call.dialect.meter(request.call.parsed, request.call.parsed.stream)
      done()
    })
  },
  { name: 'usage', dependencies: ['call', 'reservations'] },
)
