/** The runaway-loop brake: claims on a bucket named after the request itself. */

import fp from 'fastify-plugin'
import { refusal, retryAfter } from '../errors.ts'

export default fp(
  async app => {
    app.onDecision(function claimRepetition({ client, call, claims }) {
      if (!client.loop) return
      const key = `loop:${client.id}:${call.digest}`
      claims.scopes.push({ key, name: `client:${client.name}`, loop: client.loop })
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
