/** Clients for the admin API: their settings as they were written. */

import type { Pool, PoolClient } from 'pg'
import type { AuditEvent } from './audit.ts'
import type { Changed } from './changes.ts'
import { makeId } from './keys.ts'
import type { ClientSettings } from './settings.ts'
import { teamId } from './team-records.ts'

/** The longest id, because a provider limits fields in which the id stands before the caller's own value. */
const ID_LENGTH = 12

export type ClientRecord = { id: string } & ClientSettings & { createdAt: Date; updatedAt: Date }

interface Row {
  id: string
  name: string
  team: string | null
  settings: Omit<ClientSettings, 'name' | 'team'>
  created_at: Date
  updated_at: Date
}

const SELECT = `
  select clients.id, clients.name, teams.name as team, clients.settings, clients.created_at, clients.updated_at
  from clients left join teams on teams.id = team_id where deleted_at is null`

export async function readClient(db: Pool | PoolClient, name: string): Promise<ClientRecord | undefined> {
  const { rows } = await db.query<Row>(`${SELECT} and clients.name = $1`, [name])
  return rows[0] && recordOf(rows[0])
}

export interface ClientFilter {
  /** Part of its name or of its team's, in any case of letters. */
  search?: string | undefined
  /** Name of its team. */
  team?: string | undefined
}

/** Uses only columns of clients, so that Postgres drops a row before it looks up the team. */
const FILTER = `
  ($1::text is null or strpos(lower(clients.name), lower($1)) > 0
    or team_id in (select id from teams where strpos(lower(name), lower($1)) > 0))
  and ($2::text is null or team_id = (select id from teams where name = $2))`

/** In the order of their names. */
export async function listClients(
  pool: Pool,
  { search, team, after, limit }: ClientFilter & { after: string; limit: number },
): Promise<ClientRecord[]> {
  const { rows } = await pool.query<Row>(
    `${SELECT} and ${FILTER} and clients.name > $3 order by clients.name limit $4`,
    [search, team, after, limit],
  )
  return rows.map(recordOf)
}

export async function countClients(pool: Pool, { search, team }: ClientFilter): Promise<number> {
  const { rows } = await pool.query<{ count: string }>(
    `select count(*) as count from clients where deleted_at is null and ${FILTER}`,
    [search, team],
  )
  return Number(rows[0]!.count)
}

/** In the order of the ids, without deleted clients. */
export async function readClientsById(pool: Pool, ids: string[]): Promise<ClientRecord[]> {
  const { rows } = await pool.query<Row>(`${SELECT} and clients.id = any($1)`, [ids])
  const known = new Map(rows.map(row => [row.id, recordOf(row)]))
  return ids.flatMap(id => known.get(id) ?? [])
}

/** `createTeam`: whether to make a team that does not exist. */
export interface Joining {
  createTeam?: boolean | undefined
}

/** Rejects if the name is taken (`isTaken`) or the team does not exist (`isUnknownTeam`). */
export async function createClient(
  db: PoolClient,
  { name, team, ...settings }: ClientSettings,
  { createTeam = false }: Joining = {},
): Promise<Changed<ClientRecord>> {
  const id = makeId(ID_LENGTH)
  await db.query('insert into clients (id, name, team_id, settings) values ($1, $2, $3, $4)', [
    id,
    name,
    team === undefined ? null : await teamId(db, team, createTeam),
    settings,
  ])
  const record = await made(db, name)
  const auditEvent: AuditEvent = {
    action: 'client.create',
    target: `client:${name}`,
    before: null,
    after: image(record),
  }
  return { kind: 'client', id, record, auditEvent }
}

/** `revise` computes the new settings from the old ones. The client's id and its spend stay. Rejects as `createClient` does. */
export async function reviseClient(
  db: PoolClient,
  formerName: string,
  revise: (before: ClientSettings) => ClientSettings,
  { createTeam = false }: Joining = {},
): Promise<Changed<ClientRecord> | undefined> {
  const former = await lockClient(db, formerName)
  if (!former) return undefined
  const { id, createdAt, updatedAt, ...before } = former
  const { name, team, ...settings } = revise(before)
  await db.query(
    'update clients set name = $2, team_id = $3, settings = $4, updated_at = now() where id = $1',
    [id, name, team === undefined ? null : await teamId(db, team, createTeam), settings],
  )
  const record = await made(db, name)
  const target = `client:${formerName}`
  const auditEvent: AuditEvent = {
    action: 'client.update',
    target,
    before: image(former),
    after: image(record),
  }
  return { kind: 'client', id, record, auditEvent }
}

/** Its keys are revoked and its name is free; its id stays in the ledger. */
export async function deleteClient(db: PoolClient, name: string): Promise<Changed<true> | undefined> {
  const former = await lockClient(db, name)
  if (!former) return undefined
  const { id } = former
  await db.query('update clients set deleted_at = now() where id = $1', [id])
  await db.query('update keys set revoked_at = now() where client_id = $1 and revoked_at is null', [id])
  const auditEvent: AuditEvent = {
    action: 'client.delete',
    target: `client:${name}`,
    before: image(former),
    after: null,
  }
  return { kind: 'client', id, record: true, auditEvent }
}

/** Locked first and read after: a join that waits for its lock sees the other table as it was before the wait. */
async function lockClient(db: PoolClient, name: string): Promise<ClientRecord | undefined> {
  await db.query('select from clients where name = $1 and deleted_at is null for update', [name])
  return readClient(db, name)
}

async function made(db: PoolClient, name: string): Promise<ClientRecord> {
  const record = await readClient(db, name)
  if (!record) throw new Error(`client ${name} is gone in the middle of its own transaction`)
  return record
}

/** The settings as an audit event stores them. */
function image({ createdAt, updatedAt, ...settings }: ClientRecord): object {
  return settings
}

function recordOf({ id, name, team, settings, created_at, updated_at }: Row): ClientRecord {
  return {
    id,
    name,
    ...(team !== null && { team }),
    ...settings,
    createdAt: created_at,
    updatedAt: updated_at,
  }
}
