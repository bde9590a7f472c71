/** Finds the overspent budgets of the present windows: those with an alert, until the budget is raised. */

import type { Pool } from 'pg'
import { type Budget, compileScope } from '../clients/client.ts'
import { readClients, readGateway, readTeams } from '../clients/client-rows.ts'
import type { ScopeSettings } from '../clients/settings.ts'
import { idsOf, type ScopeKind, scopeKey, scopeKindNames } from '../lua/scope-kinds.ts'
import { windowKey } from './spent.ts'

/** The kind of the alert about a window. */
export const OVERSPENT = 'budget_overspent'

interface ReportedWindow {
  key: string
  period: 'day' | 'month'
  window: string
}

/**
 * Returns their present limits in nano-dollars, by scope and window (`windowKey`). A spend above a limit is not enough: an
 * operator may set a budget below the spend.
 */
export async function readOverspent(pool: Pool, windows: string[]): Promise<Map<string, number>> {
  const { rows } = await pool.query<ReportedWindow>(
    `select distinct details ->> 'key' as key, details ->> 'period' as period, details ->> 'window' as window
     from alerts where kind = $1 and details ->> 'window' = any($2)`,
    [OVERSPENT, windows],
  )
  const budgets = await readBudgets(pool, [...new Set(rows.map(({ key }) => key))])
  return new Map(
    rows.flatMap(({ key, period, window }) => {
      const { dayNanos, monthNanos } = budgets.get(key) ?? {}
      const limit = period === 'day' ? dayNanos : monthNanos
      return limit === undefined ? [] : [[windowKey(key, window), limit] as const]
    }),
  )
}

/** The settings of scopes, by id. Reads nothing for an empty list. */
const settingsOf: Record<ScopeKind, (pool: Pool, ids: string[]) => Promise<[id: string, ScopeSettings][]>> = {
  client: async (pool, ids) =>
    (await readClients(pool, ids)).map(({ client_id, settings }) => [client_id, settings]),
  team: async (pool, ids) => (await readTeams(pool, ids)).map(({ id, settings }) => [id, settings]),
  gateway: async (pool, ids) => (ids.length === 0 ? [] : [['gateway', await readGateway(pool)]]),
}

async function readBudgets(pool: Pool, keys: string[]): Promise<Map<string, Budget>> {
  const found = await Promise.all(
    scopeKindNames.map(async kind => {
      const settings = await settingsOf[kind](pool, idsOf(kind, keys))
      return settings.map(([id, one]) => [scopeKey(kind, id), compileScope(one).budget] as const)
    }),
  )
  return new Map(found.flat())
}
