/** Delivers alerts from the outbox to the webhook at least once. The replica that claims an alert delivers it. */

import type { FastifyBaseLogger } from 'fastify'
import type { Outbox, Outgoing } from './outbox.ts'
import { isUndelivered, type Webhook } from './webhook.ts'

export interface Delivery {
  /** Delivers all due alerts, unless a delivery runs already. */
  wake(): void
  /** Waits for the running delivery, and starts no other. */
  stop(): Promise<void>
}

export interface DeliveryOptions {
  outbox: Outbox
  webhook: Webhook
  log: FastifyBaseLogger
  /** Interval of the search for retries and for alerts of dead replicas. */
  everyMs?: number
  firstRetryMs?: number
}

const LONGEST_RETRY = 600_000

export function createDelivery(options: DeliveryOptions): Delivery {
  const { outbox, webhook, log, everyMs = 5000, firstRetryMs = 1000 } = options
  const ticking = setInterval(wake, everyMs)
  let stopped = false
  let again = false
  let round: Promise<void> | undefined

  function wake() {
    again = true
    if (!stopped) round ??= deliverDue()
  }

  /** A failure ends the round, because the next delivery would mostly fail too. The next round tries the others. */
  async function deliverDue(): Promise<void> {
    try {
      while (again && !stopped) {
        again = false
        const alert = await outbox.claim()
        if (alert) again = await deliver(alert)
      }
    } catch (error) {
      log.debug({ err: error }, 'alerts are not delivered: Postgres is away')
    }
    round = undefined
  }

  async function deliver(alert: Outgoing): Promise<boolean> {
    const { id, attempts, dedupe } = alert
    try {
      await webhook.send(alert)
    } catch (error) {
      if (!isUndelivered(error)) throw error
      const retryMs = Math.max(backoff(attempts), error.retryAfterMs)
      log.warn({ alert: dedupe, attempts, error: error.message, retryMs }, 'an alert was not delivered')
      await outbox.failed(id, error.message, retryMs)
      setTimeout(wake, Math.min(retryMs, everyMs)).unref()
      return false
    }
    await outbox.delivered(id)
    return true
  }

  /** Doubles after each failure. Half of the delay is random, so that alerts are not retried at the same time. */
  function backoff(attempts: number): number {
    const delay = Math.min(LONGEST_RETRY, firstRetryMs * 2 ** (attempts - 1))
    return delay / 2 + Math.random() * (delay / 2)
  }

  return {
    wake,
    async stop() {
      stopped = true
      clearInterval(ticking)
      await round
    },
  }
}
