/** What ends the process gracefully: a signal, Ctrl-C on a terminal, or an unexpected error. */

import closeWithGrace from 'close-with-grace'
import type { FastifyBaseLogger } from 'fastify'
import type { Config } from '../config/config.ts'
import type { StopOrder } from './channel.ts'
import { isOnTerminal, stopOnInterrupt } from './interrupt.ts'

export interface EndOptions {
  config: Pick<Config, 'DRAIN_DELAY_SECONDS' | 'DRAIN_SECONDS'>
  log: FastifyBaseLogger
  /** Calls that run. */
  running(): number | Promise<number>
  end(order: StopOrder): Promise<void>
}

export function endOnSignal({ config, log, running, end }: EndOptions): void {
  const onTerminal = isOnTerminal()
  const skip: 'SIGINT'[] = onTerminal ? ['SIGINT'] : []
  const { close } = closeWithGrace({ delay: false, logger: false, skip }, async ({ err, manual }) => {
    if (err) log.fatal({ err }, 'the gateway stops after an unexpected error')
    await end({ delayMs: manual ? 0 : config.DRAIN_DELAY_SECONDS * 1000 })
  })
  if (onTerminal) stopOnInterrupt({ running, limitSeconds: config.DRAIN_SECONDS, stop: close })
}
