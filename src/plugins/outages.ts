/** Reports every 503 of the gateway itself: in /readyz, in metrics, as an alert and as one log line for each cause. */

import fp from 'fastify-plugin'
import { outageAlert } from '../alerts/call-rules.ts'
import { type Outage, outageOf, outages } from '../outages.ts'

declare module 'fastify' {
  interface FastifyInstance {
    outages: {
      /** Reports a cause, even if no call has failed. */
      report(cause: Outage, reason?: string): void
      /** Calls of this replica that got 503, by cause. */
      calls: Map<Outage, number>
    }
  }
}

/** How long a cause stays in `degraded` after its last report (ms), since calls may be seconds apart. */
const SHOWN = 3000
/** Without a report for this time (ms) a cause is over, and the next report is a new line in the log. */
const OVER = 60_000
const CHECK_EVERY = 1000

export default fp(
  async app => {
    const { alerts, clock, log } = app
    const names = Object.keys(outages) as Outage[]
    const calls = new Map<Outage, number>(names.map(name => [name, 0]))
    /** Time of the last report, on the monotonic clock. */
    const reports = new Map<Outage, number>()
    const isShown = (cause: Outage) =>
      performance.now() - (reports.get(cause) ?? Number.NEGATIVE_INFINITY) < SHOWN

    app.decorate('outages', { report, calls })
    // After every plugin has registered its parts.
    app.addHook('onReady', async () => {
      for (const cause of names) {
        const { part } = outages[cause]
        // A replica may start while Redis is full: an outage alone must not make it unready.
        app.optionalParts.set(part, () => (app.parts.get(part)?.() ?? true) && !isShown(cause))
      }
    })

    app.onCallEnd('observe', function recordOutage({ error }) {
      const cause = outageOf(error)
      if (cause === undefined) return
      calls.set(cause, (calls.get(cause) ?? 0) + 1)
      report(cause, error?.reason)
    })

    app.every(CHECK_EVERY, checkOutages)

    function report(cause: Outage, reason?: string) {
      const { found, fix } = outages[cause]
      if (!reports.has(cause)) log.error({ cause, reason, fix }, `calls get 503: ${found}`)
      reports.set(cause, performance.now())
      alerts.raise(outageAlert(cause, clock.now()))
    }

    async function checkOutages() {
      const { usedBytes = 0, maxBytes = 0 } = app.redisMemory ?? {}
      if (maxBytes > 0 && usedBytes >= maxBytes) report('redis_full')
      const now = performance.now()
      for (const [cause, at] of reports) {
        if (now - at < OVER) continue
        reports.delete(cause)
        log.info({ cause }, `no call got 503 for a minute, so this is over: ${outages[cause].found}`)
      }
    }
  },
  {
    name: 'outages',
    dependencies: ['alerts', 'clock', 'health', 'jobs', 'lifecycle', 'memory'],
    decorators: {
      fastify: ['alerts', 'clock', 'every', 'onCallEnd', 'optionalParts', 'parts', 'redisMemory'],
    },
  },
)
