/** Where a client, a team or the gateway stands now, as the administration shows it. */

import { windowsAt } from '../lua/calendar.ts'
import { type MoneyScripts, type Scope, type ScopeState, UNLIMITED, type WindowState } from '../lua/index.ts'
import { nanosToUsd } from '../money.ts'
import type { LevelSettings } from '../settings.ts'
import { compileLevel } from './client.ts'

/** What a scope may do, and where it stands. */
export interface Standing {
  requests?: { capacity: number; available: number }
  tokens?: { capacity: number; available: number }
  concurrency: { max?: number; running: number }
  day?: Money
  month?: Money
}

interface Money {
  limitUsd?: number
  spentUsd: number
  heldUsd: number
  availableUsd?: number
  resetsAt: string
}

/** Null: Redis is away, so nobody knows. */
export type States = (level: { key: string } & LevelSettings) => Promise<Standing | null>

export function createStates({ state }: MoneyScripts): States {
  return async ({ key, ...settings }) => {
    const { limits, budget } = compileLevel(settings)
    const scope: Scope = {
      key,
      name: key,
      ...limits,
      day: budget.dayNanos ?? UNLIMITED,
      month: budget.monthNanos ?? UNLIMITED,
    }
    try {
      const { at, states } = await state([scope])
      return states[0] ? show(states[0], at) : null
    } catch {
      return null
    }
  }
}

function show({ requests, tokens, concurrency, running, day, month }: ScopeState, at: number): Standing {
  const windows = windowsAt(at)
  return {
    ...(requests && { requests: { capacity: requests.limit, available: requests.remaining } }),
    ...(tokens && { tokens: { capacity: tokens.limit, available: tokens.remaining } }),
    concurrency: { ...(concurrency !== undefined && { max: concurrency }), running },
    ...(day && { day: money(day, windows.day.endsAt) }),
    ...(month && { month: money(month, windows.month.endsAt) }),
  }
}

function money({ limitNanos, spentNanos, heldNanos }: WindowState, endsAt: number): Money {
  const spent = {
    spentUsd: nanosToUsd(spentNanos),
    heldUsd: nanosToUsd(heldNanos),
    resetsAt: new Date(endsAt).toISOString(),
  }
  if (limitNanos === UNLIMITED) return spent
  const available = Math.max(0, limitNanos - spentNanos - heldNanos)
  return { limitUsd: nanosToUsd(limitNanos), ...spent, availableUsd: nanosToUsd(available) }
}
