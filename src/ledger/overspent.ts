/** Finds the overspent budgets of the present windows: those with an alert, until the budget is raised. */

import type { Pool } from 'pg'
import { compileLevel } from '../clients/client.ts'
import { readClients, readGateway, readTeams } from '../clients/client-rows.ts'
import { keyOf } from './spent.ts'

/** The kind of the alert about a window. */
export const OVERSPENT = 'budget_overspent'

interface ReportedWindow {
  key: string
  period: 'day' | 'month'
  window: string
}

/**
 * Returns their present limits in nano-dollars, by scope and window (`keyOf`). A spend above a limit is not enough: an
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
      return limit === undefined ? [] : [[keyOf(key, window), limit] as const]
    }),
  )
}

async function readBudgets(pool: Pool, keys: string[]) {
  const ids = (kind: string) => keys.flatMap(key => (key.startsWith(kind) ? [key.slice(kind.length)] : []))
  const [clients, teams, gateway] = await Promise.all([
    readClients(pool, ids('client:')),
    readTeams(pool, ids('team:')),
    keys.includes('gateway') ? readGateway(pool) : undefined,
  ])
  return new Map<string, { dayNanos?: number; monthNanos?: number }>([
    ...clients.map(row => [`client:${row.client_id}`, compileLevel(row.settings).budget] as const),
    ...teams.map(row => [`team:${row.id}`, compileLevel(row.settings).budget] as const),
    ...(gateway ? [['gateway', compileLevel(gateway).budget] as const] : []),
  ])
}
