/** Keeps what running calls hold alive, and gives back for those whose replica died. */

import fp from 'fastify-plugin'

/** A lease lasts 30 s: two renewals may be lost before it runs out. */
const RENEW_EVERY = 10_000
const SWEEP_EVERY = 1000
const SWEEP_BATCH = 100

export default fp(
  async app => {
    const { money, holds, log } = app
    const quietly = (work: Promise<unknown>, what: string) =>
      work.catch((err: unknown) => log.debug({ err }, `${what}: Redis is away`))

    const renewing = setInterval(() => {
      if (holds.size > 0) quietly(money.renew([...holds.values()]), 'leases are not renewed')
    }, RENEW_EVERY)
    const sweeping = setInterval(() => quietly(sweep(), 'dead holds are not swept'), SWEEP_EVERY)
    app.addHook('onClose', async () => {
      clearInterval(renewing)
      clearInterval(sweeping)
    })

    async function sweep() {
      const lost = await money.sweep(SWEEP_BATCH)
      if (lost.length > 0) log.warn({ calls: lost }, 'calls of a dead replica were charged in full')
      if (lost.length === SWEEP_BATCH) await sweep()
    }
  },
  { name: 'leases', dependencies: ['admission'] },
)
