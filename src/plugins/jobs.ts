/** Work that a replica repeats while it runs. */

import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Runs `job` every `ms` milliseconds until the app closes. Runs never overlap. Close waits for the last run. A failed run
     * is logged, and the next one tries again.
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
