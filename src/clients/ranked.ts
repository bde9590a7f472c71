/** Pages of a filtered ranking, each from the end of the previous page. */

import { setImmediate } from 'node:timers/promises'
import { entriesFrom, type Order } from './order.ts'
import type { Ranked, Ranking } from './ranking.ts'

export interface LevelFilter {
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
  level: Ranked
  place: number
}

/** Entries to check before other work may run. */
const TURN = 2000

const KINDS = ['gateway', 'team', 'client'] as const

/**
 * At most `limit` entries after `after`. `perLevel`: 2 for budgets, which have a place for the day and one for the month. `bound`
 * leaves out entries without a budget.
 */
export async function pickRanked(
  { levels }: Ranking,
  order: Order,
  filter: LevelFilter & { after?: RankedPlace | undefined; limit: number; perLevel?: 1 | 2; bound?: boolean },
): Promise<Found[]> {
  const { after, limit, perLevel = 1, bound = false } = filter
  const fits = filterOf(filter)
  const found: Found[] = []
  let seen = 0
  for (const { rank, place } of entriesFrom(order, after?.rank)) {
    if (bound && rank === 0) break
    if (++seen % TURN === 0) await setImmediate()
    const level = levels[Math.floor(place / perLevel)]!
    if (!fits(level)) continue
    const tie = `${KINDS.indexOf(level.kind)} ${level.name} ${place % perLevel}`
    if (after && rank === after.rank && tie <= after.tie) continue
    found.push({ level, place, rank, tie })
    if (found.length === limit) break
  }
  return found
}

function filterOf({ kinds, search, team }: LevelFilter): (level: Ranked) => boolean {
  const part = search?.toLowerCase()
  const has = (text: string | null) => part === undefined || text?.toLowerCase().includes(part) === true
  return level =>
    kinds.includes(level.kind) &&
    (team === undefined || level.team === team) &&
    (has(level.name) || has(level.team))
}
