/** The lease reaper: charges the hold of each call whose replica died, and logs the call. */

import fp from 'fastify-plugin'
import { logLine } from '../telemetry/log-line.ts'

const EVERY = 1000
const BATCH = 100

declare module 'fastify' {
  interface FastifyInstance {
    /** Calls of dead replicas that this one has charged, since its start. */
    swept: { calls: number; nanos: number }
  }
}

export default fp(
  async app => {
    const { log, money } = app
    const swept = { calls: 0, nanos: 0 }
    app.decorate('swept', swept)
    const sweeping = setInterval(() => {
      sweep().catch((err: unknown) => log.debug({ err }, 'put off until Redis is there'))
    }, EVERY)
    app.addHook('onClose', async () => clearInterval(sweeping))

    async function sweep(): Promise<void> {
      const lost = await money.sweep(BATCH)
      for (const { id, nanos, entry, overspent } of lost) {
        if (overspent) app.reportOverspent(overspent, entry)
        swept.calls += 1
        swept.nanos += nanos
        logLine(log, { ...entry, reqId: id, outcome: 'lost', estimated: true, costNanos: nanos })
      }
      if (lost.length === BATCH) await sweep()
    }
  },
  { name: 'sweep', dependencies: ['money'] },
)
