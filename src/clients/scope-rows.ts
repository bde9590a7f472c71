/** The gateway, all teams and all clients with their budgets, in pages: a page is read and parsed in a few milliseconds. */

import type { Pool } from 'pg'
import { type ScopeKind, scopeKindNames } from '../lua/scope-kinds.ts'
import { query } from '../sql/query.ts'
import type { ScopeSettings } from './settings.ts'

export interface ScopeRow {
  kind: ScopeKind
  id: string
  name: string
  team: string | null
  budget: ScopeSettings['budget'] | null
}

const PAGE = 1000

/** By name, after the name $1, at most $2 rows. */
const lists: Record<ScopeKind, string> = {
  gateway: `
    select 'gateway' as kind, 'gateway' as id, 'gateway' as name, null as team, settings -> 'budget' as budget
    from gateway where 'gateway' > $1 limit $2`,
  team: `
    select 'team' as kind, id, name, name as team, settings -> 'budget' as budget from teams
    where name > $1 order by name limit $2`,
  client: `
    select 'client' as kind, clients.id, clients.name, teams.name as team, clients.settings -> 'budget' as budget
    from clients left join teams on teams.id = team_id
    where deleted_at is null and clients.name > $1 order by clients.name limit $2`,
}

/** By kind, in the order of the table of kinds, then by name. */
export async function* readScopes(pool: Pool): AsyncGenerator<ScopeRow[]> {
  for (const kind of scopeKindNames) {
    let page: ScopeRow[]
    let after = ''
    do {
      page = await query<ScopeRow>(pool, lists[kind], [after, PAGE])
      yield page
      after = page.at(-1)?.name ?? ''
    } while (page.length === PAGE)
  }
}
