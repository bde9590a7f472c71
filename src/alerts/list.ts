/** Lists alerts: filtered, the newest first, one page at a time. Each filter except `delivery` has an index. */

import type { Pool } from 'pg'
import type { ShownAlert } from './outbox.ts'

export interface AlertsQuery {
  kind?: string
  severity?: string
  delivery?: ShownAlert['delivery']
  /** A client's name. */
  client?: string
  /** `client:frontend`, `team:web`, `gateway`, `upstream:ezai`. */
  scope?: string
  /** Raised at `from` or later, and before `to`. */
  from?: Date | undefined
  to?: Date | undefined
  /** The id of the last alert of the page before; '' is the beginning. */
  after: string
  limit: number
}

const deliveries: Record<ShownAlert['delivery'], string> = {
  delivered: 'delivered_at is not null',
  waiting: 'delivered_at is null and next_attempt_at is not null',
  no_webhook: 'delivered_at is null and next_attempt_at is null',
}

const SELECT = `
  select id, kind, dedupe, severity, scope, title, details, raised_at as "raisedAt", attempts,
    case when ${deliveries.delivered} then 'delivered'
         when ${deliveries.waiting} then 'waiting' else 'no_webhook' end as delivery,
    delivered_at as "deliveredAt", next_attempt_at as "nextAttemptAt", last_error as "lastError"
  from alerts`

/** The SQL comparison of each filter; its value follows. */
const comparisons = {
  kind: 'kind =',
  severity: 'severity =',
  scope: 'scope =',
  client: `scope = 'client:' ||`,
  from: 'raised_at >=',
  to: 'raised_at <',
  after: 'id <',
} satisfies Partial<Record<keyof AlertsQuery, string>>

export async function listAlerts(pool: Pool, query: AlertsQuery): Promise<ShownAlert[]> {
  const { delivery, limit } = query
  const asked = Object.entries(comparisons).flatMap(([name, comparison]) => {
    const value = query[name as keyof typeof comparisons]
    return value === undefined || value === '' ? [] : [{ comparison, value }]
  })
  const conditions = [
    ...asked.map(({ comparison }, i) => `${comparison} $${i + 2}`),
    ...(delivery ? [`(${deliveries[delivery]})`] : []),
  ]
  const where = conditions.length > 0 ? `where ${conditions.join(' and ')}` : ''
  const { rows } = await pool.query(`${SELECT} ${where} order by id desc limit $1`, [
    limit,
    ...asked.map(({ value }) => value),
  ])
  return rows
}
