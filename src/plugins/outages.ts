/** Makes every 503 of our own visible: in /readyz, in metrics, as an alert and as one line of the log for each cause. */

import fp from 'fastify-plugin'
import { outageAlert } from '../alerts/call-rules.ts'
import { type Outage, outageOf, outages } from '../outages.ts'

declare module 'fastify' {
  interface FastifyInstance {
    outages: {
      /** Seen without a call, or by one. */
      met(cause: Outage, reason?: string): void
      /** Calls of this replica that got 503, by cause. */
      calls: Map<Outage, number>
    }
  }
}

/** After its last sign a cause stays in `degraded` for so long (ms): calls come one by one. */
const SHOWN = 3000
/** After so long without a sign (ms) it is over, and the next one is a new line in the log. */
const OVER = 60_000
const LOOK_EVERY = 500

export default fp(
  async app => {
    const { alerts, clock, log } = app
    const names = Object.keys(outages) as Outage[]
    const calls = new Map<Outage, number>(names.map(name => [name, 0]))
    /** Time of the last sign, on the monotonic clock. */
    const signs = new Map<Outage, number>()
    const isShown = (cause: Outage) =>
      performance.now() - (signs.get(cause) ?? Number.NEGATIVE_INFINITY) < SHOWN

    app.decorate('outages', { met, calls })
    // Once every plugin has named its parts.
    app.addHook('onReady', async () => {
      for (const cause of names) {
        const { part } = outages[cause]
        // A replica may start while Redis is full: what is no part of the gateway keeps it out of no balancer.
        const group = app.parts.has(part) ? app.parts : app.others
        const isThere = group.get(part) ?? (() => true)
        group.set(part, () => isThere() && !isShown(cause))
      }
    })

    app.onSettled(function noteOutage({ error }) {
      const cause = outageOf(error)
      if (cause === undefined) return
      calls.set(cause, (calls.get(cause) ?? 0) + 1)
      met(cause, error?.reason)
    })

    const looking = setInterval(look, LOOK_EVERY)
    app.addHook('onClose', async () => clearInterval(looking))

    function met(cause: Outage, reason?: string) {
      const { found, fix } = outages[cause]
      if (!signs.has(cause)) log.error({ cause, reason, fix }, `calls get 503: ${found}`)
      signs.set(cause, performance.now())
      alerts.raise(outageAlert(cause, clock.now()))
    }

    function look() {
      const { usedBytes = 0, maxBytes = 0 } = app.redisMemory ?? {}
      if (maxBytes > 0 && usedBytes >= maxBytes) met('redis_full')
      const now = performance.now()
      for (const [cause, at] of signs) {
        if (now - at < OVER) continue
        signs.delete(cause)
        log.info({ cause }, `no call has got 503 for a minute because ${outages[cause].found}`)
      }
    }
  },
  { name: 'outages', dependencies: ['alerts', 'clock', 'health', 'lifecycle', 'memory'] },
)
