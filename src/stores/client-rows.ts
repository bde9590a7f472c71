/** The rows that the hot path's clients are made of. */

import type { Pool } from 'pg'
import type { LevelSettings } from '../settings.ts'
import type { StoredClient } from './client.ts'
import { query } from './query.ts'

export interface TeamRow {
  id: string
  name: string
  settings: LevelSettings
}

/** A key with its client and the client's team. */
export interface KnownRow {
  id: string
  sha256: Buffer
  expires_at: Date | null
  revoked_at: Date | null
  client_id: string
  name: string
  settings: StoredClient['settings']
  team: TeamRow | null
}

/** Keys by their public ids, and the configuration's version at that very moment. */
export async function readKnown(pool: Pool, ids: string[]): Promise<{ version: number; rows: KnownRow[] }> {
  const rows = await query<{ version: string } & (KnownRow | { id: null })>(
    pool,
    `select version, found.*
     from configuration left join (
       select keys.id, sha256, expires_at, client_id, clients.name, clients.settings,
         least(revoked_at, deleted_at) as revoked_at,
         case when teams.id is not null
           then json_build_object('id', teams.id, 'name', teams.name, 'settings', teams.settings)
         end as team
       from keys join clients on clients.id = client_id left join teams on teams.id = team_id
       where keys.id = any($1)
     ) as found on true`,
    [ids],
  )
  return { version: Number(rows[0]!.version), rows: rows.filter(row => row.id !== null) }
}

export async function readTeams(pool: Pool, ids: string[]): Promise<TeamRow[]> {
  if (ids.length === 0) return []
  return query(pool, 'select id, name, settings from teams where id = any($1)', [ids])
}

export async function readGateway(pool: Pool): Promise<LevelSettings> {
  const [row] = await query<{ settings: LevelSettings }>(pool, 'select settings from gateway')
  return row!.settings
}

export async function readSecret(pool: Pool, name: string): Promise<Buffer> {
  const [row] = await query<{ value: Buffer }>(pool, 'select value from secrets where name = $1', [name])
  return row!.value
}
