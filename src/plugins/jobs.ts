/** Work that a replica repeats while it runs. */

import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Runs `job` every so many milliseconds until the app closes. A run that is not over is not joined by another. Close waits
     * for the last run. A run that fails is logged; the next one tries again.
     */
    every(ms: number, job: () => Promise<void>): void
  }
}

export default fp(
  async app => {
    app.decorate('every', function every(this: FastifyInstance, ms: number, job: () => Promise<void>) {
      let running: Promise<void> | undefined
      const timer = setInterval(() => {
        running ??= job()
          .catch((err: unknown) =>
            this.log.debug({ err, job: job.name }, 'a job failed; its next run tries again'),
          )
          .finally(() => {
            running = undefined
          })
      }, ms)
      this.addHook('onClose', async () => {
        clearInterval(timer)
        await running
      })
    })
  },
  { name: 'jobs' },
)
