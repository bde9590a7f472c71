/** Alerts: any plugin raises them, Postgres stores each once, and the webhook gets each at least once. */

import fp from 'fastify-plugin'
import { type Alert, testAlert } from '../alerts/alert.ts'
import { createDelivery } from '../alerts/delivery.ts'
import { createOutbox, type NewAlert } from '../alerts/outbox.ts'
import { createRaiser } from '../alerts/raising.ts'
import type { Sender } from '../alerts/sender.ts'
import { isUndelivered, openWebhook, type Webhook } from '../alerts/webhook.ts'
import { PREFIX } from '../lua/scripts.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Returns at once. An alert that any replica has raised before is not raised again. */
    alerts: {
      raise(alert: Alert): void
      /** Is ALERT_WEBHOOK_URL set? */
      hasWebhook: boolean
      /** Sends one alert to the webhook, without retries. Throws if there is no webhook. */
      sendTest(dedupe: string): Promise<Receipt>
      /** Of this replica since its start: alerts raised, by kind, and deliveries that succeeded or failed. */
      tally: { raised: Map<string, number>; delivered: number; failed: number }
    }
  }
}

/** The result of a test alert. */
export interface Receipt {
  delivered: boolean
  /** The HTTP status of the webhook; null: no answer. */
  status: number | null
  /** Why it was not delivered. */
  error: string | null
}

export interface AlertsOptions {
  webhookUrl?: string | undefined
  webhookSecret?: string | undefined
  sender?: Sender
  /** Removes secrets from the text of an alert, which may quote an upstream. */
  redact?: (text: string) => string
  /** Time limit of one delivery. */
  timeoutMs?: number
  /** How long a claimed alert is left to the replica that claimed it. */
  leaseMs?: number
  everyMs?: number
  firstRetryMs?: number
}

const PRUNE_EVERY = 3_600_000
const DAY = 86_400_000

export default fp<AlertsOptions>(
  async (app, options) => {
    const {
      webhookUrl,
      webhookSecret,
      sender = { name: 'tollgate' },
      redact = unchanged,
      timeoutMs = 5000,
      leaseMs = 30_000,
      ...timing
    } = options
    const { pg, redis, log } = app
    const tally = { raised: new Map<string, number>(), delivered: 0, failed: 0 }
    const webhook = webhookUrl
      ? counted(openWebhook({ url: webhookUrl, secret: webhookSecret, sender, timeoutMs }))
      : undefined
    const outbox = createOutbox(pg, { webhook: webhook !== undefined, leaseMs })
    const delivery = webhook && createDelivery({ outbox, webhook, log, ...timing })
    const raiser = createRaiser({ outbox, log, deliverUrgent, written })
    app.decorate('alerts', {
      raise: alert => raiser.raise(redactedAlert(alert)),
      hasWebhook: webhook !== undefined,
      sendTest,
      tally,
    })

    app.every(PRUNE_EVERY, async function pruneAlerts() {
      await outbox.prune()
    })
    app.addHook('onClose', async () => {
      await raiser.stop()
      await delivery?.stop()
      await webhook?.close()
    })

    function redactedAlert(alert: Alert): Alert {
      const details = Object.entries(alert.details).map(([name, value]) => [
        name,
        typeof value === 'string' ? redact(value) : value,
      ])
      return {
        ...alert,
        dedupe: redact(alert.dedupe),
        title: redact(alert.title),
        details: Object.fromEntries(details),
      }
    }

    function written({ kind }: Alert) {
      tally.raised.set(kind, (tally.raised.get(kind) ?? 0) + 1)
      delivery?.wake()
    }

    function counted(webhook: Webhook): Webhook {
      return {
        close: webhook.close,
        async send(alert) {
          try {
            const status = await webhook.send(alert)
            tally.delivered += 1
            return status
          } catch (error) {
            tally.failed += 1
            throw error
          }
        },
      }
    }

    /** A test alert that failed is not stored, since a later delivery would not help. */
    async function sendTest(dedupe: string): Promise<Receipt> {
      if (!webhook) throw new Error('there is no webhook')
      const alert = { ...testAlert(dedupe), raisedAt: new Date() }
      try {
        const status = await webhook.send(alert)
        await outbox.add({ ...alert, deliveredAt: new Date() })
        return { delivered: true, status, error: null }
      } catch (error) {
        if (!isUndelivered(error)) throw error
        log.warn({ alert: dedupe, error: error.message }, 'a test alert was not delivered')
        return { delivered: false, status: error.status ?? null, error: error.message }
      }
    }

    /** Without Postgres, a lease in Redis selects the replica that delivers. After a failed delivery the lease ends, and another replica may take it. */
    async function deliverUrgent(alert: NewAlert): Promise<void> {
      const key = `${PREFIX}alert:${alert.dedupe}`
      try {
        if (!webhook) return
        // If Redis cannot store the lock (it may be full), every replica delivers: twice is better than never.
        const mine = await redis.set(key, '1', 'PX', leaseMs, 'NX').catch(() => true)
        // The replica that claimed the alert records its delivery within this time.
        alert.delayMs = mine ? 0 : leaseMs
        if (!mine) return
        await webhook.send(alert)
        alert.deliveredAt = new Date()
        await redis.pexpire(key, DAY).catch(() => {})
      } catch (error) {
        log.warn({ alert: alert.dedupe, error: String(error) }, 'an urgent alert was not delivered')
      }
    }
  },
  { name: 'alerts', dependencies: ['jobs', 'postgres', 'redis'], decorators: { fastify: ['every', 'pg'] } },
)

function unchanged(text: string): string {
  return text
}
