/** Administrators' tokens for the admin API: everything except the token itself. */

import type { Pool, PoolClient } from 'pg'
import type { Static } from 'typebox'
import type { AuditEvent } from '../clients/audit.ts'
import type { Changed } from '../clients/changes.ts'
import { query } from '../sql/query.ts'
import type { Administrator, madeToken, Role, token } from './response-schemas.ts'
import { digestToken, FIRST, makeToken } from './token-format.ts'

export type TokenRecord = Static<typeof token>
export type MadeToken = Static<typeof madeToken>

interface Row {
  name: string
  role: Role
  created_at: Date
  created_by: string
  expires_at: Date | null
}

const COLUMNS = 'name, role, created_at, created_by, expires_at'

interface Birth {
  name: string
  role: Role
  expiresAt: Date | undefined
  createdBy: string
}

/** Rejects where the name is taken: see `isTaken`, `admin_tokens_pkey`. */
export async function createToken(
  db: PoolClient,
  secret: Buffer,
  { name, role, expiresAt, createdBy }: Birth,
): Promise<Changed<MadeToken>> {
  const token = makeToken(secret)
  const { rows } = await db.query<Row>(
    `insert into admin_tokens (name, role, sha256, created_by, expires_at) values ($1, $2, $3, $4, $5)
     returning ${COLUMNS}`,
    [name, role, digestToken(token), createdBy, expiresAt],
  )
  const record = recordOf(rows[0]!)
  const auditEvent: AuditEvent = {
    action: 'token.create',
    target: `token:${name}`,
    before: null,
    after: record,
  }
  return { kind: 'token', id: name, record: { ...record, token }, auditEvent }
}

/** The one from the environment, then the others by name. */
export async function listTokens(
  pool: Pool,
  { after, limit }: { after: string; limit: number },
): Promise<TokenRecord[]> {
  const { rows } = await pool.query<Row>(
    `select ${COLUMNS} from admin_tokens where name > $1 order by name limit $2`,
    [after === FIRST ? '' : after, limit],
  )
  const first: TokenRecord[] = after === '' ? [{ name: FIRST, role: 'admin' }] : []
  return [...first, ...rows.map(recordOf)].slice(0, limit)
}

export async function deleteToken(db: PoolClient, name: string): Promise<Changed<true> | undefined> {
  const { rows } = await db.query<Row>(`delete from admin_tokens where name = $1 returning ${COLUMNS}`, [
    name,
  ])
  if (!rows[0]) return undefined
  const before = recordOf(rows[0])
  const auditEvent: AuditEvent = { action: 'token.revoke', target: `token:${name}`, before, after: null }
  return { kind: 'token', id: name, record: true, auditEvent }
}

/** A token as it is checked, by the hexadecimal SHA-256. */
export interface KnownToken extends Administrator {
  /** Milliseconds since 1970; undefined: never. */
  expiresAt: number | undefined
}

/** All of them, and the configuration's version at that very moment. */
export async function readTokens(pool: Pool): Promise<{ version: number; tokens: Map<string, KnownToken> }> {
  const rows = await query<{ version: string } & (Row & { sha256: string })>(
    pool,
    `select version, ${COLUMNS}, encode(sha256, 'hex') as sha256 from configuration left join admin_tokens on true`,
  )
  const tokens = rows.flatMap(({ sha256, name, role, expires_at }) =>
    sha256 === null ? [] : [[sha256, { name, role, expiresAt: expires_at?.getTime() }] as const],
  )
  return { version: Number(rows[0]!.version), tokens: new Map(tokens) }
}

function recordOf({ name, role, created_at, created_by, expires_at }: Row): TokenRecord {
  return {
    name,
    role,
    createdAt: created_at,
    createdBy: created_by,
    ...(expires_at && { expiresAt: expires_at }),
  }
}
