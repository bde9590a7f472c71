/** Counts refused calls, which have no row in the ledger, and writes the counts every few seconds. */

import fp from 'fastify-plugin'
import { countRefusals, createRefusalCounter } from '../ledger/refusals.ts'

const FLUSH_EVERY = 5000

/** Kinds of refusals between two writes. Further kinds are counted in one sum. */
const KINDS = 10_000

export default fp(
  async app => {
    const counter = createRefusalCounter(KINDS)
    let uncounted = 0

    app.onCallEnd('observe', function countRefusal({ admitted, chargedAttempts, entry }) {
      // After a charged attempt the call has a row in the ledger.
      if (entry && !admitted && chargedAttempts === 0 && entry.outcome !== 'ok')
        counter.count(entry, app.clock.now())
    })

    // Close hooks run in reverse order: the last run is over before this one.
    app.addHook('onClose', writeRefusals)
    app.every(FLUSH_EVERY, writeRefusals)

    async function writeRefusals() {
      const batch = counter.take()
      try {
        await countRefusals(app.pg, batch)
      } catch (error) {
        counter.putBack(batch)
        app.log.debug({ err: error }, 'counts of refusals wait for Postgres')
      }
      if (counter.uncounted > uncounted)
        app.log.warn(
          { uncounted: counter.uncounted },
          'refusals beyond the limit of kinds have no row of their own',
        )
      uncounted = counter.uncounted
    }
  },
  {
    name: 'refusals',
    dependencies: ['admission', 'clock', 'jobs', 'lifecycle', 'postgres', 'record'],
    decorators: { fastify: ['clock', 'every', 'onCallEnd', 'pg'] },
  },
)
