/** The gateway, all teams and all clients with their budgets, in pages: a page is read and parsed in a few milliseconds. */

import type { Pool } from 'pg'
import { query } from '../sql/query.ts'
import type { LevelSettings } from './settings.ts'

export interface LevelRow {
  kind: 'gateway' | 'team' | 'client'
  id: string
  name: string
  team: string | null
  budget: LevelSettings['budget'] | null
}

const PAGE = 1000

const GATEWAY = `select 'gateway' as kind, 'gateway' as id, 'gateway' as name, null as team, settings -> 'budget' as budget from gateway`
const TEAMS = `select 'team' as kind, id, name, name as team, settings -> 'budget' as budget from teams
  where name > $1 order by name limit $2`
const CLIENTS = `
  select 'client' as kind, clients.id, clients.name, teams.name as team, clients.settings -> 'budget' as budget
  from clients left join teams on teams.id = team_id
  where deleted_at is null and clients.name > $1 order by clients.name limit $2`

/** The gateway first, then teams, then clients, each by name. */
export async function* readLevels(pool: Pool): AsyncGenerator<LevelRow[]> {
  yield query<LevelRow>(pool, GATEWAY)
  for (const list of [TEAMS, CLIENTS]) {
    let page: LevelRow[]
    let after = ''
    do {
      page = await query<LevelRow>(pool, list, [after, PAGE])
      yield page
      after = page.at(-1)?.name ?? ''
    } while (page.length === PAGE)
  }
}
