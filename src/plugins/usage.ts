/** What was used: a meter watches the answer's bytes go by. */

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
    // A stream that would end without a word on its usage is asked for it; the answer is filtered again.
    app.onDecision(function askForUsage({ call: { parsed }, edits }) {
      if (parsed.stream && !parsed.wantsUsageFrame) edits.includeUsage = true
    })

    app.addHook('preHandler', function startMeter(request, _reply, done) {
      if (request.call)
        request.meter = request.call.dialect.meter(request.call.parsed, request.call.parsed.stream)
      done()
    })
  },
  { name: 'usage', dependencies: ['call', 'claims'] },
)
