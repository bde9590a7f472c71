/** Audit events: author, time, and the target before and after. An event is written in the transaction of its change. */

import type { Pool, PoolClient } from 'pg'
import type { Static } from 'typebox'
import type { auditEvent } from './responses.ts'

export type AuditRecord = Static<typeof auditEvent>

/** The author of a change: the name of a token. */
export type Author = Pick<AuditRecord, 'who' | 'requestId'>

/** An action and its target, without secrets. */
export type AuditEvent = Pick<AuditRecord, 'action' | 'target' | 'before' | 'after'>

/** A request that changes nothing makes no audit event. */
export async function writeAuditEvent(
  db: Pool | PoolClient,
  { who, requestId }: Author,
  { action, target, before, after }: AuditEvent,
): Promise<void> {
  const [was, is] = [before, after].map(image => image && JSON.stringify(image))
  if (was === is) return
  await db.query(
    'insert into audit (who, action, target, before, after, request_id) values ($1, $2, $3, $4, $5, $6)',
    [who, action, target, was, is, requestId],
  )
}

export interface AuditQuery {
  who?: string
  target?: string
  action?: string
  /** Half-open. */
  from?: Date
  to?: Date
  /** The id of the last one of the page before; '' is the beginning. */
  after: string
  limit: number
}

/** Newest first. */
export async function listAuditEvents(pool: Pool, query: AuditQuery): Promise<AuditRecord[]> {
  const { who, target, action, from, to, after, limit } = query
  const conditions = [
    ['who =', who],
    ['target =', target],
    ['action =', action],
    ['at >=', from],
    ['at <', to],
    ['id <', after || undefined],
  ].filter(([, value]) => value !== undefined)
  const filter = conditions.map(([condition], i) => `${condition} $${i + 2}`).join(' and ')
  const { rows } = await pool.query<AuditRecord>(
    `select id, at, who, action, target, before, after, request_id as "requestId"
     from audit ${filter && `where ${filter}`} order by id desc limit $1`,
    [limit, ...conditions.map(([, value]) => value)],
  )
  return rows
}
