/** A worker's side of WORKERS: what it asks the primary, and the primary's orders. */

import cluster from 'node:cluster'
import { setTimeout as wait } from 'node:timers/promises'
import closeWithGrace from 'close-with-grace'
import type { FastifyInstance } from 'fastify'
import type { Workers } from '../plugins/metrics.ts'
import type { Family } from '../telemetry/metrics/families.ts'
import { openChannel, type StopOrder, WORKER } from './channel.ts'

export interface Group extends Workers {
  /** Resolves when this worker may open the port: at once if no other one serves it, else when the gateway is ready. */
  turn(app: FastifyInstance): Promise<void>
  serving(): void
  /** Stops by the primary's order, or after an unexpected error. */
  endOnOrder(app: FastifyInstance, end: (order: StopOrder) => Promise<void>): void
}

/** A terminal and systemd send these to each process of the gateway. The primary decides what follows. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR2'] as const
/** Milliseconds between two looks at the parts. */
const LOOK_EVERY = 20

/** Undefined if this process is no worker of a gateway. node:cluster ends a worker whose primary has ended. */
export async function joinPrimary(): Promise<Group | undefined> {
  const { worker } = cluster
  if (!worker || !process.argv.includes(WORKER)) return undefined
  for (const signal of SIGNALS) process.on(signal, () => {})
  let stop: (order: StopOrder) => void = () => process.exit(0)
  let metrics: () => Promise<Family[]> = async () => []
  let running = () => 0
  const ask = openChannel(worker, {
    stop(order) {
      stop(order)
      return undefined
    },
    metrics: () => metrics(),
    running: () => running(),
  })
  if (await ask('join', undefined)) process.exit(0)

  return {
    name: String(process.pid),
    gather(own) {
      metrics = own
      return () => ask('allMetrics', undefined)
    },
    async turn(app) {
      if (!(await ask('built', undefined))) return
      while (!app.loaded && !app.draining) await wait(LOOK_EVERY)
    },
    serving() {
      ask('serving', undefined).catch(() => {})
    },
    endOnOrder(app, end) {
      // Other workers serve the port, so one that stops after an error need not wait for a load balancer.
      let order: StopOrder = { delayMs: 0 }
      running = () => app.running.size
      const { close } = closeWithGrace(
        { delay: false, logger: false, skip: [...SIGNALS] },
        async ({ err }) => {
          if (err) app.log.fatal({ err }, 'a worker stops after an unexpected error')
          await end(order)
        },
      )
      stop = given => {
        order = given
        close()
      }
    },
  }
}
