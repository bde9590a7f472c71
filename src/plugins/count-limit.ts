/**
 * Token counts (`count_tokens`) are free and do not use a client's `requests`: a coding agent sends dozens at once. They
 * have their own bucket, in its own scope.
 */

import fp from 'fastify-plugin'
import type { Client } from '../clients/client.ts'
import { refusal, retryAfter } from '../errors.ts'
import type { Scope } from '../lua/types.ts'

/** Token counts of one client: a minute's worth may come at once. */
const COUNTS = { capacity: 60, per: 60_000 }

declare module 'fastify' {
  interface FastifyInstance {
    /** Takes one token count of the client for a count that the gateway makes. Returns the wait in milliseconds, 0 if taken. */
    chargeCount(client: Client): Promise<number>
  }
}

export default fp(
  async app => {
    app.onReservation(function reserveCount({ client, call }) {
      if (call.dialect.paid) return undefined
      return { requests: 0, scopes: [countScope(client)] }
    })

    app.decorate('chargeCount', (client: Client) => app.money.chargeCount(countScope(client)))

    app.limitRefusals.set('count_tokens', ({ scope, limit, retryAfterMs = 1000 }) =>
      refusal(
        'rate_limited',
        `${scope} may count tokens ${COUNTS.capacity} times a minute; try again in ${(retryAfterMs / 1000).toFixed(1)} s.`,
        {
          details: { scope, limit, retry_after_ms: Math.ceil(retryAfterMs) },
          headers: retryAfter(retryAfterMs),
        },
      ),
    )
  },
  {
    name: 'count-limit',
    dependencies: ['money', 'reservations'],
    decorators: { fastify: ['limitRefusals', 'money', 'onReservation'] },
  },
)

function countScope({ id, name }: Client): Scope {
  return { key: `count:${id}`, name: `client:${name}`, count_tokens: COUNTS }
}
