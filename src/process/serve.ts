/** Builds the app, opens the port, and drains at the end: in the only process, or in each worker. */

import type { FastifyBaseLogger } from 'fastify'
import { buildApp } from '../app.ts'
import { type Config, environment } from '../config/config.ts'
import type { Redactor } from '../config/redactor.ts'
import type { Embedded } from '../embedded/index.ts'
import { loggedMessage } from '../logged-error.ts'
import { listenFault } from '../start/listen-fault.ts'
import type { StopOrder } from './channel.ts'
import { drain } from './drain.ts'
import { endOnSignal } from './signals.ts'
import type { Group } from './worker.ts'

export interface ServeOptions {
  config: Config
  stores: Embedded
  logger: FastifyBaseLogger
  redactor: Redactor
  /** Undefined: this process serves the port alone. */
  group: Group | undefined
  /** From now on a signal or an unexpected error drains first. */
  onDrainable(): void
}

export async function serve({ config, stores, logger, redactor, group, onDrainable }: ServeOptions) {
  const app = await buildApp(environment(), stores, logger, redactor, group)
  const end = async ({ delayMs }: StopOrder) => {
    await drain(app, { delayMs, limitMs: config.DRAIN_SECONDS * 1000 })
    await stores.stop()
  }
  if (group) group.endOnOrder(app, end)
  else endOnSignal({ config, log: app.log, running: () => app.running.size, end })
  onDrainable()

  const address = { host: config.HOST, port: config.PORT, variable: 'PORT' }
  await app.ready()
  await group?.turn(app)
  // A signal came during the start.
  if (app.draining) return
  await app.listen(address).catch(error => {
    throw new Error(listenFault(error, address) ?? loggedMessage(error.message))
  })
  group?.serving()
}
