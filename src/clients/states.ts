/** The current usage of a client, a team or the gateway, for the admin API. */

import type { Static } from 'typebox'
import { windowsAt } from '../lua/calendar.ts'
import type { MoneyScripts } from '../lua/index.ts'
import { isRebuilding, type Scope, type ScopeState, UNLIMITED, type WindowState } from '../lua/types.ts'
import { nanosToUsd } from '../pricing/money.ts'
import { compileScope } from './client.ts'
import type { currentUsage, stateResponse, windowState } from './responses.ts'
import type { ScopeSettings } from './settings.ts'

type CurrentUsage = Static<typeof currentUsage>
type Money = Static<typeof windowState>
/** `state` is null while Redis is away, or (`restoring`) after it has lost its counters. */
export type ScopeStatus = Static<typeof stateResponse>

export type States = (scope: { key: string } & ScopeSettings) => Promise<ScopeStatus>

/** The states of many scopes at once. */
export type ManyStates = (scopes: ({ key: string } & ScopeSettings)[]) => Promise<ScopeStatus[]>

/** Scopes that one script reads, because Redis runs nothing else meanwhile. */
const AT_ONCE = 50

export function createStates(money: MoneyScripts): States {
  const states = createManyStates(money)
  return async scope => (await states([scope]))[0] ?? { state: null }
}

export function createManyStates({ state }: MoneyScripts): ManyStates {
  return async scopes => {
    const found: ScopeStatus[] = []
    for (let first = 0; first < scopes.length; first += AT_ONCE) {
      const some = scopes.slice(first, first + AT_ONCE)
      try {
        const { at, states } = await state(some.map(scopeOf))
        found.push(...some.map((_, i) => ({ state: states[i] ? show(states[i], at) : null })))
      } catch (error) {
        const unknown: ScopeStatus = { state: null, ...(isRebuilding(error) && { restoring: true }) }
        // Each further read would wait as long.
        return [...found, ...scopes.slice(first).map(() => unknown)]
      }
    }
    return found
  }
}

function scopeOf({ key, ...settings }: { key: string } & ScopeSettings): Scope {
  const { limits, budget } = compileScope(settings)
  return {
    key,
    name: key,
    ...limits,
    day: budget.dayNanos ?? UNLIMITED,
    month: budget.monthNanos ?? UNLIMITED,
  }
}

function show({ requests, tokens, concurrency, running, day, month }: ScopeState, at: number): CurrentUsage {
  const windows = windowsAt(at)
  return {
    ...(requests && { requests: { capacity: requests.limit, available: requests.remaining } }),
    ...(tokens && { tokens: { capacity: tokens.limit, available: tokens.remaining } }),
    concurrency: { ...(concurrency !== undefined && { max: concurrency }), running },
    ...(day && { day: moneyOf(day, windows.day.endsAt) }),
    ...(month && { month: moneyOf(month, windows.month.endsAt) }),
  }
}

/** A window in US dollars. `endsAt`: milliseconds since 1970. */
export function moneyOf({ limitNanos, spentNanos, heldNanos }: WindowState, endsAt: number): Money {
  const spent = {
    spentUsd: nanosToUsd(spentNanos),
    heldUsd: nanosToUsd(heldNanos),
    resetsAt: new Date(endsAt).toISOString(),
  }
  if (limitNanos === UNLIMITED) return spent
  const available = Math.max(0, limitNanos - spentNanos - heldNanos)
  return { limitUsd: nanosToUsd(limitNanos), ...spent, availableUsd: nanosToUsd(available) }
}
