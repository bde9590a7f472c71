/** Work that a replica repeats while it runs. */

import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'

export interface JobOptions {
  /** The interval while the replica is quiet: it is at most a second late when requests come. Both are whole seconds. */
  quietMs?: number
}

declare module 'fastify' {
  interface FastifyInstance {
    /**
     * Runs `job` every `ms` milliseconds until the app closes. Runs never overlap. Close waits for the last run. A failed run
     * is logged, and the next one tries again. Jobs with an interval of whole seconds run together, since each wake-up of an
     * idle process costs more than most jobs.
     */
    every(ms: number, job: () => Promise<void>, options?: JobOptions): void
    /** True: no request has run for some seconds. */
    isQuiet(): boolean
  }
}

const SECOND = 1000
/** Without a request for this time (ms) a replica is quiet. */
const QUIET_AFTER = 2000

export default fp(
  async app => {
    let lastEnd = performance.now()
    app.onCallEnd('observe', function noteRequest() {
      lastEnd = performance.now()
    })
    const isQuiet = () => app.running.size === 0 && performance.now() - lastEnd > QUIET_AFTER
    app.decorate('isQuiet', isQuiet)
    const seconds = createSeconds(isQuiet)
    app.addHook('onClose', async () => seconds.stop())
    app.decorate(
      'every',
      function every(this: FastifyInstance, ms: number, job: () => Promise<void>, options: JobOptions = {}) {
        let running: Promise<void> | undefined
        const stop = repeat(ms, options, () => {
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
      },
    )

    function repeat(ms: number, { quietMs = ms }: JobOptions, run: () => void): () => void {
      if (ms % SECOND === 0) return seconds.every(ms / SECOND, quietMs / SECOND, run)
      const timer = setInterval(run, ms)
      return () => clearInterval(timer)
    }
  },
  { name: 'jobs', dependencies: ['lifecycle'], decorators: { fastify: ['onCallEnd', 'running'] } },
)

/** One timer for all work of whole seconds. */
function createSeconds(isQuiet: () => boolean) {
  const works = new Set<(second: number) => void>()
  let second = 0
  const timer = setInterval(() => {
    second += 1
    for (const work of works) work(second)
  }, SECOND)
  return {
    /** Returns a function that ends the work. */
    every(seconds: number, quietSeconds: number, run: () => void) {
      let dueAt = second + seconds
      const work = (second: number) => {
        if (second < dueAt || (isQuiet() && second < dueAt - seconds + quietSeconds)) return
        dueAt = second + seconds
        run()
      }
      works.add(work)
      return () => void works.delete(work)
    },
    stop: () => clearInterval(timer),
  }
}
