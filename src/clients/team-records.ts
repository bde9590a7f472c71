/** Teams and the gateway for the admin API: limits and budgets that clients share. */

import type { Pool, PoolClient } from 'pg'
import type { AuditEvent } from './audit.ts'
import type { Changed } from './changes.ts'
import { makeId } from './keys.ts'
import type { ScopeSettings } from './settings.ts'

export type TeamRecord = { id: string; name: string } & ScopeSettings & { createdAt: Date; updatedAt: Date }
export type GatewayRecord = ScopeSettings & { updatedAt: Date }

interface TeamRow {
  id: string
  name: string
  settings: ScopeSettings
  created_at: Date
  updated_at: Date
}

const ID_LENGTH = 12
const COLUMNS = 'id, name, settings, created_at, updated_at'
/** $1: part of a name, in any case of letters. */
const SEARCH = '($1::text is null or strpos(lower(name), lower($1)) > 0)'

/** The error of a change that names an unknown team. */
export interface UnknownTeam extends Error {
  unknownTeam: string
}

export function isUnknownTeam(error: unknown): error is UnknownTeam {
  return error instanceof Error && 'unknownTeam' in error
}

/** The id of a team. With `mayMake` a missing team is made, without limits; else rejects with `UnknownTeam`. */
export async function teamId(db: PoolClient, name: string, mayMake: boolean): Promise<string> {
  if (mayMake)
    await db.query('insert into teams (id, name) values ($1, $2) on conflict (name) do nothing', [
      makeId(ID_LENGTH),
      name,
    ])
  // Locked, so that the team cannot be deleted before the client joins it.
  const { rows } = await db.query<{ id: string }>('select id from teams where name = $1 for key share', [
    name,
  ])
  if (rows[0]) return rows[0].id
  throw Object.assign(new Error(`there is no team ${name}`), { unknownTeam: name }) satisfies UnknownTeam
}

/** `for update` inside a transaction that will change it. */
export async function readTeam(
  db: Pool | PoolClient,
  name: string,
  lock: '' | 'for update' = '',
): Promise<TeamRecord | undefined> {
  const { rows } = await db.query<TeamRow>(`select ${COLUMNS} from teams where name = $1 ${lock}`, [name])
  return rows[0] && recordOf(rows[0])
}

/** In the order of their names. */
export async function listTeams(
  pool: Pool,
  { search, after, limit }: { search?: string | undefined; after: string; limit: number },
): Promise<TeamRecord[]> {
  const { rows } = await pool.query<TeamRow>(
    `select ${COLUMNS} from teams where ${SEARCH} and name > $2 order by name limit $3`,
    [search, after, limit],
  )
  return rows.map(recordOf)
}

export async function countTeams(pool: Pool, search: string | undefined): Promise<number> {
  const { rows } = await pool.query<{ count: string }>(
    `select count(*) as count from teams where ${SEARCH}`,
    [search],
  )
  return Number(rows[0]!.count)
}

/** Makes a team, or replaces all its settings. */
export async function putTeam(
  db: PoolClient,
  name: string,
  settings: ScopeSettings,
): Promise<Changed<TeamRecord>> {
  const former = await readTeam(db, name, 'for update')
  const { rows } = await db.query<TeamRow>(
    `insert into teams (id, name, settings) values ($1, $2, $3)
     on conflict (name) do update set settings = excluded.settings, updated_at = now() returning ${COLUMNS}`,
    [makeId(ID_LENGTH), name, settings],
  )
  const record = recordOf(rows[0]!)
  const before = former ? image(former) : null
  const auditEvent: AuditEvent = { action: 'team.put', target: `team:${name}`, before, after: image(record) }
  return { kind: 'team', id: record.id, record, auditEvent }
}

/** Undefined: there is no such team. `revise` computes the new settings from the old ones. */
export async function reviseTeam(
  db: PoolClient,
  name: string,
  revise: (before: ScopeSettings) => ScopeSettings,
): Promise<Changed<TeamRecord> | undefined> {
  const former = await readTeam(db, name, 'for update')
  if (!former) return undefined
  const { id, name: _, createdAt, updatedAt, ...settings } = former
  return putTeam(db, name, revise(settings))
}

/** The clients of a team, for which it cannot be deleted. */
export interface Members {
  count: number
  /** Some of them, by name. */
  names: string[]
}

const MEMBERS_NAMED = 10

/** Undefined: there is no such team. A team with clients is not deleted; `members` has the clients. */
export async function deleteTeam(
  db: PoolClient,
  name: string,
): Promise<{ changed: Changed<true> } | { members: Members } | undefined> {
  const former = await readTeam(db, name, 'for update')
  if (!former) return undefined
  const { id } = former
  const { rows } = await db.query<{ name: string; count: string }>(
    `select name, count(*) over () as count from clients
     where team_id = $1 and deleted_at is null order by name limit ${MEMBERS_NAMED}`,
    [id],
  )
  if (rows[0]) return { members: { count: Number(rows[0].count), names: rows.map(row => row.name) } }
  // Deleted clients stay for the ledger, whose rows have the team's name.
  await db.query('update clients set team_id = null where team_id = $1', [id])
  await db.query('delete from teams where id = $1', [id])
  const auditEvent: AuditEvent = {
    action: 'team.delete',
    target: `team:${name}`,
    before: image(former),
    after: null,
  }
  return { changed: { kind: 'team', id, record: true, auditEvent } }
}

/** `for update` inside a transaction that will change it. */
export async function readGatewayRecord(
  db: Pool | PoolClient,
  lock: '' | 'for update' = '',
): Promise<GatewayRecord> {
  const { rows } = await db.query<TeamRow>(`select settings, updated_at from gateway ${lock}`)
  return gatewayOf(rows[0]!)
}

/** `revise` computes the new settings of the gateway from the old ones. */
export async function reviseGateway(
  db: PoolClient,
  revise: (before: ScopeSettings) => ScopeSettings,
): Promise<Changed<GatewayRecord>> {
  const { updatedAt, ...before } = await readGatewayRecord(db, 'for update')
  const settings = revise(before)
  const { rows } = await db.query<TeamRow>(
    'update gateway set settings = $1, updated_at = now() returning settings, updated_at',
    [settings],
  )
  const auditEvent: AuditEvent = { action: 'gateway.put', target: 'gateway', before, after: settings }
  return { kind: 'gateway', id: 'gateway', record: gatewayOf(rows[0]!), auditEvent }
}

/** Replaces all settings of the gateway. */
export function putGateway(db: PoolClient, settings: ScopeSettings): Promise<Changed<GatewayRecord>> {
  return reviseGateway(db, () => settings)
}

/** The settings as an audit event stores them. */
function image({ createdAt, updatedAt, ...settings }: TeamRecord): object {
  return settings
}

function recordOf({ id, name, settings, created_at, updated_at }: TeamRow): TeamRecord {
  return { id, name, ...settings, createdAt: created_at, updatedAt: updated_at }
}

function gatewayOf({ settings, updated_at }: Pick<TeamRow, 'settings' | 'updated_at'>): GatewayRecord {
  return { ...settings, updatedAt: updated_at }
}
