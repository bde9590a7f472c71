/** The loop brake: each call reserves one unit of a bucket that only equal requests share. */

import fp from 'fastify-plugin'
import { refusal, retryAfter } from '../errors.ts'

export default fp(
  async app => {
    app.onReservation(function reserveRepetition({ client, call }) {
      if (!client.loop) return undefined
      const key = `loop:${client.id}:${call.digest}`
      return { scopes: [{ key, name: `client:${client.name}`, loop: client.loop }] }
    })

    app.limitRefusals.set('loop', ({ scope, retryAfterMs = 1000 }) =>
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
  {
    name: 'loop',
    dependencies: ['reservations'],
    decorators: { fastify: ['limitRefusals', 'onReservation'] },
  },
)
