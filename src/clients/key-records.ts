/** Keys for the admin API: everything except the key itself, which is not stored. `now` is the time by Redis's clock. */

import type { Pool, PoolClient } from 'pg'
import type { Static } from 'typebox'
import type { AuditEvent } from './audit.ts'
import type { Changed } from './changes.ts'
import { makeKey } from './keys.ts'
import type { key, madeKey } from './responses.ts'

export type KeyRecord = Static<typeof key>
export type MadeKey = Static<typeof madeKey>

interface Row {
  id: string
  client_id: string
  client: string
  created_at: Date
  expires_at: Date | null
  revoked_at: Date | null
  rotated_from: string | null
}

const SELECT = `
  select keys.id, client_id, clients.name as client, keys.created_at, expires_at, revoked_at, rotated_from
  from keys join clients on clients.id = client_id`

interface Birth {
  clientId: string
  expiresAt: Date | undefined
  rotatedFrom?: string
}

/** Undefined where there is no such client. */
export async function createKey(
  db: PoolClient,
  secret: Buffer,
  clientName: string,
  expiresAt: Date | undefined,
  now: number,
): Promise<Changed<MadeKey> | undefined> {
  const { rows } = await db.query<{ id: string }>(
    'select id from clients where name = $1 and deleted_at is null',
    [clientName],
  )
  if (!rows[0]) return undefined
  const made = await insertKey(db, secret, { clientId: rows[0].id, expiresAt }, now)
  const { key, ...after } = made
  const auditEvent: AuditEvent = { action: 'key.create', target: `key:${made.id}`, before: null, after }
  return { kind: 'key', id: made.id, record: made, auditEvent }
}

/** Newest first; `after` is the last key of the page before. */
export async function listKeys(
  pool: Pool,
  clientName: string,
  { after, limit }: { after: string; limit: number },
  now: number,
): Promise<KeyRecord[]> {
  const { rows } = await pool.query<Row>(
    `${SELECT} where clients.name = $1 and deleted_at is null
       and ($2 = '' or (keys.created_at, keys.id) < (select created_at, id from keys where id = $2))
     order by keys.created_at desc, keys.id desc limit $3`,
    [clientName, after, limit],
  )
  return rows.map(row => recordOf(row, now))
}

export interface Rotation {
  graceSeconds: number
  /** Undefined: the new key gets the lifetime of the old one. */
  expiresAt: Date | undefined
}

/** One key; `for update` inside a transaction that will change it. */
export async function readKey(
  db: Pool | PoolClient,
  id: string,
  now: number,
  lock: '' | 'for update of keys' = '',
): Promise<KeyRecord | undefined> {
  const { rows } = await db.query<Row>(`${SELECT} where keys.id = $1 ${lock}`, [id])
  return rows[0] && recordOf(rows[0], now)
}

/** The key that another was rotated into. */
export async function successorOf(db: PoolClient, id: string): Promise<string | undefined> {
  const { rows } = await db.query<{ id: string }>(
    'select id from keys where rotated_from = $1 order by created_at desc limit 1',
    [id],
  )
  return rows[0]?.id
}

/** A new key for the same client; the old one ends after the grace, or at its own end if that is earlier. */
export async function rotateKey(
  db: PoolClient,
  secret: Buffer,
  before: KeyRecord,
  { graceSeconds, expiresAt }: Rotation,
  now: number,
): Promise<Changed<MadeKey & { former: KeyRecord | undefined }>> {
  const { id, createdAt, expiresAt: end } = before
  const lifetime = end && end.getTime() - createdAt.getTime()
  const { rows } = await db.query<{ client_id: string }>(
    `update keys set expires_at = least(expires_at, $2) where id = $1
     returning client_id`,
    [id, new Date(now + graceSeconds * 1000)],
  )
  const birth = {
    clientId: rows[0]!.client_id,
    expiresAt: expiresAt ?? (lifetime === undefined ? undefined : new Date(now + lifetime)),
    rotatedFrom: id,
  }
  const made = await insertKey(db, secret, birth, now)
  const former = await readKey(db, id, now)
  const { key, ...successor } = made
  const auditEvent: AuditEvent = {
    action: 'key.rotate',
    target: `key:${id}`,
    before,
    after: { ...former, successor },
  }
  return { kind: 'key', id, record: { ...made, former }, auditEvent }
}

/** Undefined where there is no such key. Revoking again changes nothing. */
export async function revokeKey(db: PoolClient, id: string, now: number): Promise<Changed<true> | undefined> {
  const before = await readKey(db, id, now, 'for update of keys')
  if (!before) return undefined
  await db.query('update keys set revoked_at = coalesce(revoked_at, now()) where id = $1', [id])
  const after = (await readKey(db, id, now)) ?? null
  return {
    kind: 'key',
    id,
    record: true,
    auditEvent: { action: 'key.revoke', target: `key:${id}`, before, after },
  }
}

/** An id that is in use already is drawn again. */
async function insertKey(
  db: PoolClient,
  secret: Buffer,
  { clientId, expiresAt, rotatedFrom }: Birth,
  now: number,
): Promise<MadeKey> {
  for (;;) {
    const { id, key, sha256 } = makeKey(secret)
    await db.query(
      `insert into keys (id, client_id, sha256, expires_at, rotated_from) values ($1, $2, $3, $4, $5)
       on conflict (id) do nothing`,
      [id, clientId, sha256, expiresAt, rotatedFrom],
    )
    const { rows } = await db.query<Row>(`${SELECT} where keys.id = $1 and sha256 = $2`, [id, sha256])
    if (rows[0]) return { ...recordOf(rows[0], now), key }
  }
}

function recordOf(
  { id, client, created_at, expires_at, revoked_at, rotated_from }: Row,
  now: number,
): KeyRecord {
  const isOver = expires_at !== null && expires_at.getTime() <= now
  return {
    id,
    client,
    status: revoked_at ? 'revoked' : isOver ? 'expired' : 'active',
    createdAt: created_at,
    ...(expires_at && { expiresAt: expires_at }),
    ...(revoked_at && { revokedAt: revoked_at }),
    ...(rotated_from && { rotatedFrom: rotated_from }),
  }
}
