/** A process that only delivers alerts, for a test to kill. */

import { Pool } from 'pg'
import { pino } from 'pino'
import { createDelivery } from '../../src/alerts/delivery.ts'
import { createOutbox } from '../../src/alerts/outbox.ts'
import { openWebhook } from '../../src/alerts/webhook.ts'

const { DATABASE, WEBHOOK = '', LEASE } = process.env

createDelivery({
  outbox: createOutbox(new Pool({ connectionString: DATABASE }), { webhook: true, leaseMs: Number(LEASE) }),
  webhook: openWebhook({ url: WEBHOOK, sender: { name: 'tollgate' }, timeoutMs: 60_000 }),
  log: pino({ level: 'silent' }),
}).wake()
