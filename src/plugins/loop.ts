/** The runaway-loop brake: claims on a bucket named after the request itself. */

import fp from 'fastify-plugin'
import { refusal, retryAfter } from '../errors.ts'

export default fp(
  async app => {
    app.addHook('preHandler', function claimRepetition(request, _reply, done) {
      if (!request.claims) return done()
      const { client, call, claims } = request
      if (client.loop) {
        const key = `loop:${client.id}:${call.digest}`
        claims.scopes.push({ key, name: `client:${client.name}`, loop: client.loop })
      }
      done()
    })

    app.wording.set('loop', ({ scope, retryAfterMs = 1000 }) =>
      refusal(
        'loop_detected',
        `${scope} sends the same request over and over; this looks like a loop. Change the request, or wait.`,
        {
          details: { scope, limit: 'loop', retry_after_ms: Math.ceil(retryAfterMs) },
          headers: retryAfter(retryAfterMs),
        },
      ),
    )
  },
  { name: 'loop', dependencies: ['claims'] },
)
