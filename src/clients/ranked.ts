/** Pages of a filtered ranking, each from the end of the previous page. */

import { setImmediate } from 'node:timers/promises'
import { scopeKindNames } from '../lua/scope-kinds.ts'
import { entriesFrom, type Order } from './order.ts'
import type { Ranked, Ranking } from './ranking.ts'

export interface ScopeFilter {
  kinds: readonly Ranked['kind'][]
  /** Part of its name or of its team's, in any case of letters. */
  search?: string | undefined
  /** Name of its team. */
  team?: string | undefined
}

/** Where a page ended: its last entry's rank, and its tie with entries of the same rank. */
export interface RankedPlace {
  rank: number
  tie: string
}

export interface Found extends RankedPlace {
  scope: Ranked
  place: number
}

/** Entries to check before other work may run. */
const TURN = 2000

/**
 * At most `limit` entries after `after`. `perScope`: 2 for budgets, which have a place for the day and one for the month. `bound`
 * leaves out entries without a budget.
 */
export async function pickRanked(
  { scopes }: Ranking,
  order: Order,
  filter: ScopeFilter & { after?: RankedPlace | undefined; limit: number; perScope?: 1 | 2; bound?: boolean },
): Promise<Found[]> {
  const { after, limit, perScope = 1, bound = false } = filter
  const fits = filterOf(filter)
  const found: Found[] = []
  let seen = 0
  for (const { rank, place } of entriesFrom(order, after?.rank)) {
    if (bound && rank === 0) break
    if (++seen % TURN === 0) await setImmediate()
    const scope = scopes[Math.floor(place / perScope)]!
    if (!fits(scope)) continue
    const tie = `${scopeKindNames.indexOf(scope.kind)} ${scope.name} ${place % perScope}`
    if (after && rank === after.rank && tie <= after.tie) continue
    found.push({ scope, place, rank, tie })
    if (found.length === limit) break
  }
  return found
}

function filterOf({ kinds, search, team }: ScopeFilter): (scope: Ranked) => boolean {
  const part = search?.toLowerCase()
  const has = (text: string | null) => part === undefined || text?.toLowerCase().includes(part) === true
  return scope =>
    kinds.includes(scope.kind) &&
    (team === undefined || scope.team === team) &&
    (has(scope.name) || has(scope.team))
}
