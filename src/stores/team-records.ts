/** Teams and the gateway as the administration sees them: what all their clients together may do. */

import type { Pool, PoolClient } from 'pg'
import { makeId } from '../keys.ts'
import type { LevelSettings } from '../settings.ts'
import type { Deed } from './audit.ts'
import type { Changed } from './changes.ts'

export type TeamRecord = { id: string; name: string } & LevelSettings & { createdAt: Date; updatedAt: Date }
export type GatewayRecord = LevelSettings & { updatedAt: Date }

interface TeamRow {
  id: string
  name: string
  settings: LevelSettings
  created_at: Date
  updated_at: Date
}

const ID_LENGTH = 12
const COLUMNS = 'id, name, settings, created_at, updated_at'
/** $1: part of a name, in any case of letters. */
const SEARCH = '($1::text is null or strpos(lower(name), lower($1)) > 0)'

/** The id of a team; one that is named for the first time is made, without limits of its own. */
export async function teamId(db: PoolClient, name: string): Promise<string> {
  await db.query('insert into teams (id, name) values ($1, $2) on conflict (name) do nothing', [
    makeId(ID_LENGTH),
    name,
  ])
  const { rows } = await db.query<{ id: string }>('select id from teams where name = $1', [name])
  return rows[0]!.id
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
  settings: LevelSettings,
): Promise<Changed<TeamRecord>> {
  const former = await readTeam(db, name, 'for update')
  const { rows } = await db.query<TeamRow>(
    `insert into teams (id, name, settings) values ($1, $2, $3)
     on conflict (name) do update set settings = excluded.settings, updated_at = now() returning ${COLUMNS}`,
    [makeId(ID_LENGTH), name, settings],
  )
  const record = recordOf(rows[0]!)
  const before = former ? image(former) : null
  const deed: Deed = { action: 'team.put', target: `team:${name}`, before, after: image(record) }
  return { kind: 'team', id: record.id, record, deed }
}

/** `for update` inside a transaction that will change it. */
export async function readGatewayRecord(
  db: Pool | PoolClient,
  lock: '' | 'for update' = '',
): Promise<GatewayRecord> {
  const { rows } = await db.query<TeamRow>(`select settings, updated_at from gateway ${lock}`)
  return gatewayOf(rows[0]!)
}

/** Replaces all settings of the gateway. */
export async function putGateway(db: PoolClient, settings: LevelSettings): Promise<Changed<GatewayRecord>> {
  const { updatedAt, ...before } = await readGatewayRecord(db, 'for update')
  const { rows } = await db.query<TeamRow>(
    'update gateway set settings = $1, updated_at = now() returning settings, updated_at',
    [settings],
  )
  const deed: Deed = { action: 'gateway.put', target: 'gateway', before, after: settings }
  return { kind: 'gateway', id: 'gateway', record: gatewayOf(rows[0]!), deed }
}

/** As the audit keeps it: what people set. */
function image({ createdAt, updatedAt, ...settings }: TeamRecord): object {
  return settings
}

function recordOf({ id, name, settings, created_at, updated_at }: TeamRow): TeamRecord {
  return { id, name, ...settings, createdAt: created_at, updatedAt: updated_at }
}

function gatewayOf({ settings, updated_at }: Pick<TeamRow, 'settings' | 'updated_at'>): GatewayRecord {
  return { ...settings, updatedAt: updated_at }
}
