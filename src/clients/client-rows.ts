/** Reads the rows of clients and keys for the hot path. */

import type { Pool } from 'pg'
import { query } from '../sql/query.ts'
import type { StoredClient } from './client.ts'
import type { ScopeSettings } from './settings.ts'

export interface TeamRow {
  id: string
  name: string
  settings: ScopeSettings
}

export interface ClientRow {
  client_id: string
  name: string
  settings: StoredClient['settings']
  deleted_at: Date | null
  team: TeamRow | null
}

/** A key with its client and the client's team. */
export type KnownRow = ClientRow & {
  id: string
  sha256: Buffer
  expires_at: Date | null
  revoked_at: Date | null
}

const CLIENT = `
  select clients.id as client_id, clients.name, clients.settings, deleted_at,
    case when teams.id is not null
      then json_build_object('id', teams.id, 'name', teams.name, 'settings', teams.settings)
    end as team
  from clients left join teams on teams.id = team_id`

/** Keys by their public ids, and the configuration's version at that very moment. */
export async function readKnown(
  pool: Pool,
  ids: string[],
): Promise<{ version: number; known: Map<string, KnownRow> }> {
  const rows = await query<{ version: string } & (KnownRow | { id: null })>(
    pool,
    `select version, found.*
     from configuration left join (
       select id, sha256, expires_at, revoked_at, client.*
       from keys join lateral (${CLIENT} where clients.id = keys.client_id) as client on true
       where id = any($1)
     ) as found on true`,
    [ids],
  )
  const known = new Map(rows.flatMap(row => (row.id === null ? [] : [[row.id, row]])))
  return { version: Number(rows[0]!.version), known }
}

export async function readClients(pool: Pool, ids: string[]): Promise<ClientRow[]> {
  if (ids.length === 0) return []
  return query(pool, `${CLIENT} where clients.id = any($1)`, [ids])
}

export async function readTeams(pool: Pool, ids: string[]): Promise<TeamRow[]> {
  if (ids.length === 0) return []
  return query(pool, 'select id, name, settings from teams where id = any($1)', [ids])
}

export async function readGateway(pool: Pool): Promise<ScopeSettings> {
  const [row] = await query<{ settings: ScopeSettings }>(pool, 'select settings from gateway')
  return row!.settings
}

export async function readSecret(pool: Pool, name: string): Promise<Buffer> {
  const [row] = await query<{ value: Buffer }>(pool, 'select value from secrets where name = $1', [name])
  return row!.value
}
