/** Charges the hold of each call whose replica died, and logs the call. */

import fp from 'fastify-plugin'
import { logLine } from '../telemetry/log-line.ts'

/** Both are below the gap of sweep.lua. */
const EVERY = 2000
const QUIET_EVERY = 4000
const BATCH = 100

declare module 'fastify' {
  interface FastifyInstance {
    /** Calls of dead replicas that this one has charged, since its start. */
    lostCalls: { calls: number; nanos: number }
  }
}

export default fp(
  async app => {
    const { log, money } = app
    const lostCalls = { calls: 0, nanos: 0 }
    app.decorate('lostCalls', lostCalls)
    app.every(EVERY, reapLeases, { quietMs: QUIET_EVERY })

    async function reapLeases(): Promise<void> {
      const lost = await money.sweep(BATCH)
      for (const { id, nanos, entry, overspent } of lost) {
        if (overspent) app.reportOverspent(overspent, entry)
        lostCalls.calls += 1
        lostCalls.nanos += nanos
        logLine(log, { ...entry, reqId: id, outcome: 'lost', estimated: true, costNanos: nanos })
      }
      if (lost.length === BATCH) await reapLeases()
    }
  },
  {
    name: 'lease-reaper',
    dependencies: ['jobs', 'money'],
    decorators: { fastify: ['every', 'money', 'reportOverspent'] },
  },
)
