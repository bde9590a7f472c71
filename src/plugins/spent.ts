/**
 * If a budget is completely spent, no call fits, however small. So a call whose prompt takes longer to measure than a question
 * to Redis takes is refused before that.
 */

import type { FastifyRequest } from 'fastify'
import fp from 'fastify-plugin'
import { isBound } from '../clients/limits.ts'
import { mayGrow } from '../dialects/wire/prompt-size.ts'
import { windowsAt } from '../lua/calendar.ts'
import type { ScopeState } from '../lua/types.ts'
import { isLarge } from '../requests/turns.ts'
import type { Refused } from './reservations.ts'

export default fp(
  async app => {
    app.addHook('preHandler', async function refuseSpentBudget(request, reply) {
      const { call, reservation, client, rawBody } = request
      if (!reservation || !call.dialect.paid || !isSlow(rawBody) || !isBound(client) || isFree(request))
        return
      const found = await spent(request)
      if (!found || (await isCached(request))) return
      app.reportAdmission(reply, found)
      const { scope, limit, limitNanos, spentNanos, heldNanos, resetsAt = 0 } = found
      throw app.refuseUnmeasured(request, { scope, limit, limitNanos, spentNanos, heldNanos, resetsAt })
    })

    /** Undefined also if Redis does not answer, because the admission reports that. */
    async function spent({ reservation }: FastifyRequest): Promise<Refused | undefined> {
      const scopes = reservation.scopes.slice(0, reservation.limitedScopes.length)
      const { at, states } = await app.money.state(scopes).catch(() => ({ at: 0, states: [] }))
      const found = states.flatMap(state => spentWindow(state, states, at))
      // The budget that resets last.
      return found.sort((a, b) => b.resetsAt - a.resetsAt)[0]
    }

    /** A cached response costs nothing. */
    async function isCached({ reservation: { cacheKey } }: FastifyRequest): Promise<boolean> {
      return cacheKey !== undefined && (await app.redis.exists(cacheKey).catch(() => 0)) === 1
    }
  },
  {
    name: 'spent',
    dependencies: ['auth', 'budget', 'call', 'models', 'money', 'redis', 'reservations'],
    decorators: {
      fastify: ['money', 'refuseUnmeasured', 'reportAdmission'],
      request: ['call', 'client', 'rawBody', 'reservation', 'route'],
    },
  },
)

function spentWindow(state: ScopeState, states: ScopeState[], at: number) {
  // On the last day of a month both reset at once; the larger budget is named.
  return (['month', 'day'] as const).flatMap(limit => {
    const window = state[limit]
    if (!window || window.limitNanos < 0 || window.spentNanos < window.limitNanos) return []
    const { name: scope } = state
    const resetsAt = windowsAt(at)[limit].endsAt
    return [{ kind: 'refused', verdict: 'spent', at, scope, limit, ...window, resetsAt, states } as const]
  })
}

/** Any other prompt is measured in less time than a question to Redis takes. */
function isSlow(body: Buffer): boolean {
  return isLarge(body) && mayGrow(body)
}

function isFree({ route }: FastifyRequest): boolean {
  return route.price.bands.every(({ rates }) => rates.in === 0 && rates.out === 0)
}
