/** Work that a replica repeats while it runs. */

import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Runs `job` every `ms` milliseconds until the app closes. Runs never overlap. Close waits for the last run. A failed run
     * is logged, and the next one tries again. Jobs with an interval of whole seconds run together, since each wake-up of an
     * idle process costs more than most jobs.
     */
    every(ms: number, job: () => Promise<void>): void
  }
}

const SECOND = 1000

export default fp(
  async app => {
    const seconds = createSeconds()
    app.addHook('onClose', async () => seconds.stop())
    app.decorate('every', function every(this: FastifyInstance, ms: number, job: () => Promise<void>) {
      let running: Promise<void> | undefined
      const stop = repeat(ms, () => {
        running ??= job()
          .catch((err: unknown) =>
            this.log.debug({ err, job: job.name }, 'a job failed; its next run tries again'),
          )
          .finally(() => {
            running = undefined
          })
      })
      this.addHook('onClose', async () => {
        stop()
        await running
      })
    })

    function repeat(ms: number, run: () => void): () => void {
      if (ms % SECOND === 0) return seconds.every(ms / SECOND, run)
      const timer = setInterval(run, ms)
      return () => clearInterval(timer)
    }
  },
  { name: 'jobs' },
)

/** One timer for all work of whole seconds. */
function createSeconds() {
  const works = new Set<(second: number) => void>()
  let second = 0
  const timer = setInterval(() => {
    second += 1
    for (const work of works) work(second)
  }, SECOND)
  return {
    /** Returns a function that ends the work. */
    every(seconds: number, run: () => void) {
      const work = (second: number) => {
        if (second % seconds === 0) run()
      }
      works.add(work)
      return () => void works.delete(work)
    },
    stop: () => clearInterval(timer),
  }
}
