/**
 * The gateway, teams and clients with their spend, sorted by budget and by spend. They are read in pages, from Postgres
 * and from Redis, so that no store and no call waits for long. The result is cached for a while, so that all viewers of a
 * replica share one read.
 */

import { setImmediate } from 'node:timers/promises'
import type { Pool } from 'pg'
import { windowsAt } from '../lua/calendar.ts'
import type { MoneyScripts } from '../lua/index.ts'
import { scopeKey } from '../lua/scope-kinds.ts'
import { type Amounts, UNLIMITED, type WindowState } from '../lua/types.ts'
import { compileScope } from './client.ts'
import { type Order, orderOf, rankOf, sortKey } from './order.ts'
import { readScopes, type ScopeRow } from './scope-rows.ts'
import { createSharedReads } from './shared-reads.ts'

export const periods = ['day', 'month'] as const
export type Period = (typeof periods)[number]

export type Ranked = Omit<ScopeRow, 'budget'> & Record<Period, WindowState>

export const clientSorts = ['budget', 'day', 'month'] as const
export type ClientSort = (typeof clientSorts)[number]

export interface Ranking {
  /** Ends of the windows that were read: milliseconds since 1970. */
  endsAt: Record<Period, number>
  /** The gateway, teams by name, clients by name. */
  scopes: Ranked[]
  /** Budgets by how full they are: a place is twice that of its scope, and one more for a month. */
  budgets: Order
  /** Levels by their fullest budget, and by what they spent in the day or month. */
  by: Record<ClientSort, Order>
}

/** Scopes that one script reads. Redis runs nothing else meanwhile. */
const AT_ONCE = 250
/** A replica spends at most a tenth of its time on reads, unless one read takes more than six seconds. */
const SHARING = { minMs: 2000, factor: 10, maxMs: 60_000 }

/** Rejects while Redis or Postgres is away, or counters are being restored. */
export type Rankings = () => Promise<Ranking>

export function createRankings(pool: Pool, money: Pick<MoneyScripts, 'spent'>): Rankings {
  const shared = createSharedReads<Ranking>(SHARING)
  return () => shared('', () => read(pool, money))
}

async function read(pool: Pool, { spent }: Pick<MoneyScripts, 'spent'>): Promise<Ranking> {
  const scopes: Ranked[] = []
  const keys: Record<'budgets' | ClientSort, number[]> = { budgets: [], budget: [], day: [], month: [] }
  let at = 0

  function add(scope: Ranked) {
    const place = scopes.push(scope) - 1
    const ranks = periods.map(period => rankOf(shareOf(scope[period])))
    for (const [i, rank] of ranks.entries()) keys.budgets.push(sortKey(rank, place * 2 + i))
    keys.budget.push(sortKey(Math.max(...ranks), place))
    for (const period of periods) keys[period].push(sortKey(rankOf(scope[period].spentNanos), place))
  }

  for await (const page of readScopes(pool)) {
    for (let from = 0; from < page.length; from += AT_ONCE) {
      const some = page.slice(from, from + AT_ONCE)
      const found = await spent(some.map(({ kind, id }) => scopeKey(kind, id)))
      at = found.at
      for (const [i, amounts] of found.spent.entries()) add(rankedOf(some[i]!, amounts))
    }
  }
  const order = async (name: keyof typeof keys) => {
    await setImmediate()
    return orderOf(keys[name])
  }
  const { day, month } = windowsAt(at)
  return {
    endsAt: { day: day.endsAt, month: month.endsAt },
    scopes,
    budgets: await order('budgets'),
    by: { budget: await order('budget'), day: await order('day'), month: await order('month') },
  }
}

function rankedOf({ budget, ...scope }: ScopeRow, { day, month }: Record<Period, Amounts>): Ranked {
  const { dayNanos = UNLIMITED, monthNanos = UNLIMITED } = compileScope({ budget: budget ?? {} }).budget
  return { ...scope, day: { limitNanos: dayNanos, ...day }, month: { limitNanos: monthNanos, ...month } }
}

/** The share of the limit that is spent and held; undefined without a limit. */
export function shareOf({ limitNanos, spentNanos, heldNanos }: WindowState): number | undefined {
  if (limitNanos === UNLIMITED) return undefined
  return limitNanos === 0 ? 1 : (spentNanos + heldNanos) / limitNanos
}
