/**
 * Watches the budgets in use. Each admission notes its scopes in Redis. One replica at a time checks the noted scopes every few
 * seconds, until no call of a scope runs. A note outlives its replica, so charges of a dead replica's calls are checked too.
 */

import type { Cluster, Redis } from 'ioredis'
import type { LimitedScope } from '../clients/limits.ts'
import { windowsAt } from '../lua/calendar.ts'
import type { MoneyScripts } from '../lua/index.ts'
import { PREFIX } from '../lua/scripts.ts'
import type { Scope, ScopeState } from '../lua/types.ts'
import { ifFull } from '../redis/away.ts'
import type { Alert } from './alert.ts'
import { type Budget, budgetAlerts } from './budget-rules.ts'
import { createSamples } from './samples.ts'

/** Sorted set: a scope with its limits (JSON) -> when it was last noted, by Redis's clock. */
const NOTED = `${PREFIX}noted-budgets`
/** Exists while a replica has its turn. */
const TURN = `${PREFIX}alerts-turn`

/** Each replica notes a scope at most once in this time. */
const NOTE_EVERY = 5000
/** A note of this age is removed if no call of its scope runs. */
const NOTE_KEPT = 2 * NOTE_EVERY
const PAGE = 50

export interface Watch {
  /** A call of these scopes was admitted, at this time of Redis's clock. */
  note(scopes: LimitedScope[], at: number): void
  /** True for one replica in each such period. */
  takeTurn(forMs: number): Promise<boolean>
  /** The alerts about the budgets in use. */
  look(): Promise<Alert[]>
}

export function createWatch(redis: Redis | Cluster, money: Pick<MoneyScripts, 'state'>): Watch {
  const samples = createSamples(redis)
  const noted = new WeakMap<LimitedScope, number>()

  async function lookAt(scopes: Scope[]): Promise<{ at: number; alerts: Alert[] }> {
    const { at, states } = await money.state(scopes)
    const running = scopes.filter((_, i) => states[i]!.running > 0)
    if (running.length > 0) {
      await redis
        .zadd(NOTED, 'XX', 'GT', ...running.flatMap(scope => [at, JSON.stringify(scope)]))
        .catch(ifFull)
    }
    const budgets = states.flatMap(state => budgetsOf(state, at))
    const alerts = await Promise.all(
      budgets.map(async budget => budgetAlerts(budget, at, await samples.basesAt(at, budget))),
    )
    return { at, alerts: alerts.flat() }
  }

  return {
    note(scopes, at) {
      for (const limited of scopes) {
        if (at - (noted.get(limited) ?? 0) < NOTE_EVERY) continue
        noted.set(limited, at)
        const scope = watchedScope(limited)
        if (scope) redis.zadd(NOTED, 'GT', at, JSON.stringify(scope)).catch(() => noted.delete(limited))
      }
    },

    async takeTurn(forMs) {
      // A full Redis cannot store the turn. Then every replica checks; each alert is still raised once.
      return (await redis.set(TURN, '1', 'PX', forMs, 'NX').catch(ifFull)) !== null
    },

    async look() {
      // Ascending by time, so that the newest note of a scope has the current budget.
      const notes = await redis.zrange(NOTED, 0, '-1')
      const scopes = [...new Map(notes.map(readNote).map(scope => [scope.key, scope])).values()]
      const found: Alert[] = []
      let begun: number | undefined
      for (let from = 0; from < scopes.length; from += PAGE) {
        const { at, alerts } = await lookAt(scopes.slice(from, from + PAGE))
        begun ??= at
        found.push(...alerts)
      }
      if (begun !== undefined) await redis.zremrangebyscore(NOTED, '-inf', `(${begun - NOTE_KEPT}`)
      return found
    },
  }
}

/** Undefined where no budget binds the scope. */
function watchedScope({ key, name, budget: { dayNanos, monthNanos } }: LimitedScope): Scope | undefined {
  if (dayNanos === undefined && monthNanos === undefined) return undefined
  return {
    key,
    name,
    ...(dayNanos !== undefined && { day: dayNanos }),
    ...(monthNanos !== undefined && { month: monthNanos }),
  }
}

function readNote(note: string): Scope {
  return JSON.parse(note)
}

function budgetsOf(state: ScopeState, at: number): Budget[] {
  const windows = windowsAt(at)
  return (['day', 'month'] as const).flatMap(period => {
    const money = state[period]
    if (!money) return []
    const { limitNanos, spentNanos } = money
    return [{ key: state.key, name: state.name, period, window: windows[period], limitNanos, spentNanos }]
  })
}
