/**
 * Extends the holds of running calls every few seconds, in one batched script that also renews their leases. If a budget
 * has no room for a call's next seconds, the call is stopped as late as its hold allows: other calls may end before.
 */

import fp from 'fastify-plugin'
import type { NoRoom } from '../lua/types.ts'
import { LOOKAHEAD_SECONDS } from '../pricing/bound.ts'
import { EXTEND_EVERY, neededNanos } from './bounds.ts'
import type { Hold } from './money.ts'

/** A call is stopped when its hold covers only the time until the next extension and the stop itself. */
const LEAST_COVERED = EXTEND_EVERY + 1500

export default fp(
  async app => {
    const { holds, money } = app
    app.every(EXTEND_EVERY, extendHolds)

    async function extendHolds(): Promise<void> {
      if (holds.size === 0) return
      const now = performance.now()
      const running = [...holds].map(hold => ({ hold, needs: needsOf(hold, now) }))
      const renewed = await money.renew(running.map(({ hold, needs }) => ({ ...hold, needs })))
      for (const [i, { hold, needs }] of running.entries()) {
        const result = renewed[i]!
        if (result.kind === 'no_room') stopWhenDue(hold, result)
        else if (result.kind === 'renewed') cover(hold, needs, now)
      }
    }

    /** A call whose need cannot be computed keeps its hold, so that the leases of all other calls are renewed. */
    function needsOf({ id, request, reservation }: Hold, now: number): number {
      try {
        return neededNanos(request, now)
      } catch (err) {
        app.log.error({ err, reqId: id }, 'the hold of a call cannot be extended')
        return reservation.nanos
      }
    }

    function cover(hold: Hold, needs: number, now: number) {
      hold.coveredUntil = now + LOOKAHEAD_SECONDS * 1000
      if (needs <= hold.reservation.nanos || !holds.has(hold)) return
      hold.reservation = { ...hold.reservation, nanos: needs }
    }

    function stopWhenDue(hold: Hold, found: NoRoom) {
      const { coveredUntil, request } = hold
      if (!holds.has(hold) || coveredUntil - performance.now() > LEAST_COVERED) return
      request.cut?.(app.stopForBudget(request, found))
    }
  },
  {
    name: 'extension',
    dependencies: ['admission', 'budget', 'jobs', 'money'],
    decorators: { fastify: ['every', 'holds', 'money', 'stopForBudget'] },
  },
)
