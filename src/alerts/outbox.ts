/** Alerts in Postgres: written once, claimed by one replica at a time, kept until they are old. */

import type { Pool } from 'pg'
import type { Static } from 'typebox'
import type { Alert, RaisedAlert } from './alert.ts'
import type { alert } from './responses.ts'

/** The state of an alert when it is written. */
export interface NewAlert extends RaisedAlert {
  /** Delivered already, while Postgres was away. */
  deliveredAt?: Date | undefined
  /** Milliseconds in which no replica may claim it, because another one may be delivering it. */
  delayMs?: number
}

/** A claimed alert. This replica delivers it until the lease ends. */
export interface Outgoing extends RaisedAlert {
  id: string
  /** This one counted. */
  attempts: number
}

export interface Outbox {
  /** True: the alert is new. False: it or a more severe one was raised before. */
  add(alert: NewAlert): Promise<boolean>
  claim(): Promise<Outgoing | undefined>
  delivered(id: string): Promise<void>
  failed(id: string, error: string, retryMs: number): Promise<void>
  prune(): Promise<void>
}

/** Longer than any window an alert is raised once for. */
const KEEP_DAYS = 90

export function createOutbox(
  pool: Pool,
  { webhook, leaseMs }: { webhook: boolean; leaseMs: number },
): Outbox {
  return {
    async add({ unless = [], delayMs = 0, ...alert }) {
      const { rows } = await pool.query(ADD, [
        ...[
          alert.dedupe,
          alert.kind,
          alert.severity,
          alert.scope,
          alert.title,
          JSON.stringify(alert.details),
        ],
        ...[alert.raisedAt, alert.deliveredAt ?? null],
        // Without a webhook no alert is ever due. A webhook that is set later must not get all old alerts.
        ...[webhook && !alert.deliveredAt ? delayMs : null, unless],
      ])
      return rows[0]?.first ?? false
    },

    async claim() {
      const { rows } = await pool.query(CLAIM, [leaseMs])
      const [row] = rows
      return row && outgoing(row)
    },

    async delivered(id) {
      await pool.query(
        'update alerts set delivered_at = now(), next_attempt_at = null, last_error = null where id = $1',
        [id],
      )
    },

    async failed(id, error, retryMs) {
      await pool.query(
        `update alerts set last_error = $2, next_attempt_at = now() + $3 * interval '1 ms'
         where id = $1 and delivered_at is null`,
        [id, error, retryMs],
      )
    },

    async prune() {
      await pool.query(`delete from alerts where raised_at < now() - $1 * interval '1 day'`, [KEEP_DAYS])
    },
  }
}

/** An existing row changes only if another replica has delivered the alert. `xmax` is 0 in a new row. */
const ADD = `
  insert into alerts as kept (dedupe, kind, severity, scope, title, details, raised_at, delivered_at, next_attempt_at)
  select $1, $2, $3, $4, $5, $6, $7, $8, now() + $9 * interval '1 ms'
  where not exists (select from alerts where dedupe = any($10))
  on conflict (dedupe) do update set delivered_at = excluded.delivered_at, next_attempt_at = null
  where kept.delivered_at is null and excluded.delivered_at is not null
  returning xmax = 0 as first`

const CLAIM = `
  update alerts set attempts = attempts + 1, next_attempt_at = now() + $1 * interval '1 ms'
  where id = (select id from alerts where next_attempt_at <= now()
              order by next_attempt_at limit 1 for update skip locked)
  returning id, dedupe, kind, severity, scope, title, details, raised_at, attempts`

interface Row extends Omit<Alert, 'unless' | 'urgent'> {
  id: string
  raised_at: Date
  attempts: number
}

function outgoing({ raised_at, ...row }: Row): Outgoing {
  return { ...row, raisedAt: raised_at }
}

export type ShownAlert = Static<typeof alert>
