/** Writes alerts to the outbox. No caller waits, memory is bounded, and an outage of Postgres loses no alert. */

import type { FastifyBaseLogger } from 'fastify'
import { DatabaseError } from 'pg'
import { lru } from '../lru.ts'
import type { Alert } from './alert.ts'
import type { NewAlert, Outbox } from './outbox.ts'

export interface Raiser {
  raise(alert: Alert): void
  /** Tries once more to write the waiting alerts. */
  stop(): Promise<void>
}

export interface RaiserOptions {
  outbox: Outbox
  log: FastifyBaseLogger
  /** Called with each urgent alert while Postgres is away, repeatedly until it is delivered. */
  deliverUrgent(alert: NewAlert): Promise<void>
  /** Called after a new alert was written. */
  written(alert: Alert): void
  retryMs?: number
  mostWaiting?: number
}

/** Rules raise the same alert repeatedly, so a written alert is not written again. */
const REMEMBERED = 10_000

export function createRaiser(options: RaiserOptions): Raiser {
  const { outbox, log, deliverUrgent, written, retryMs = 2000, mostWaiting = 1000 } = options
  const known = lru<true>(REMEMBERED)
  const waiting = new Map<string, NewAlert>()
  let flushing: Promise<void> | undefined
  let retry: NodeJS.Timeout | undefined
  let away = false
  let full = false
  let stopped = false

  function flush(): Promise<void> | undefined {
    if (waiting.size > 0) flushing ??= write()
    return flushing
  }

  /** Alerts that are raised meanwhile are written too. */
  async function write(): Promise<void> {
    try {
      for (const alert of waiting.values()) await add(alert)
      if (away) log.info('alerts are written again')
      away = full = false
    } catch (error) {
      await putOff(error)
    }
    flushing = undefined
  }

  async function add(alert: NewAlert): Promise<void> {
    try {
      if (await outbox.add(alert)) notify(alert)
    } catch (error) {
      if (!isAboutData(error)) throw error
      log.error({ err: error, alert: alert.dedupe }, 'an alert cannot be written')
    }
    waiting.delete(alert.dedupe)
    known.set(alert.dedupe, true)
  }

  function notify(alert: NewAlert) {
    const { kind, severity, scope, title, details } = alert
    log.warn({ kind, severity, scope, ...details }, `alert: ${title}`)
    written(alert)
  }

  async function putOff(error: unknown): Promise<void> {
    if (!away) log.warn({ err: error, waiting: waiting.size }, 'alerts wait for Postgres')
    away = true
    for (const alert of waiting.values()) {
      if (alert.urgent && !alert.deliveredAt) await deliverUrgent(alert)
    }
    if (!stopped) retry = setTimeout(flush, retryMs)
  }

  return {
    raise(alert) {
      const { dedupe } = alert
      if (known.has(dedupe) || waiting.has(dedupe)) return
      if (waiting.size >= mostWaiting) {
        if (!full) log.error({ alert: dedupe }, 'alerts are lost from here on: too many wait for Postgres')
        full = true
        return
      }
      waiting.set(dedupe, { ...alert, raisedAt: new Date() })
      if (!away) flush()
    },
    async stop() {
      stopped = true
      clearTimeout(retry)
      await flushing
      await flush()
    },
  }
}

/** SQLSTATE classes 22 and 23: the values are invalid, so a retry cannot succeed. */
function isAboutData(error: unknown): boolean {
  return error instanceof DatabaseError && /^2[23]/.test(error.code ?? '')
}
