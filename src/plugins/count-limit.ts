/**
 * Token counts (`count_tokens`) are free of charge and take nothing of a client's `requests`: a coding agent makes dozens
 * at once. They have a limit of their own, a bucket in a scope of its own.
 */

import fp from 'fastify-plugin'
import { refusal, retryAfter } from '../errors.ts'
import type { Scope } from '../lua/index.ts'
import type { Client } from '../stores/client.ts'

/** Token counts of one client: all at once, or evenly over a minute. */
const COUNTS = { capacity: 60, per: 60_000 }

declare module 'fastify' {
  interface FastifyInstance {
    /** Charges a client for one token count that the gateway makes by itself; answers how many milliseconds to wait, 0 if it was charged. */
    chargeCount(client: Client): Promise<number>
  }
}

export default fp(
  async app => {
    app.onDecision(function claimCount({ client, call, claims }) {
      if (call.dialect.paid) return
      claims.requests = 0
      claims.scopes.push(countScope(client))
    })

    app.decorate('chargeCount', (client: Client) => app.money.chargeCount(countScope(client)))

    app.wording.set('count_tokens', ({ scope, limit, retryAfterMs = 1000 }) =>
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
  { name: 'count-limit', dependencies: ['claims', 'money'] },
)

function countScope({ id, name }: Client): Scope {
  return { key: `count:${id}`, name: `client:${name}`, count_tokens: COUNTS }
}
