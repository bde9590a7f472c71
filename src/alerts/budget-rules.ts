/** The alerts about a budget: the share that is spent, and a pace that is too fast. Pure functions. */

import { OVERSPENT } from '../ledger/overspent.ts'
import type { Window } from '../lua/calendar.ts'
import type { Overspent } from '../lua/types.ts'
import { nanosToUsd, writeUsd } from '../pricing/money.ts'
import type { Alert } from './alert.ts'
import { type Bases, paceOf, type Spending } from './pace.ts'

export interface Budget {
  /** `client:<id>`, `team:<id>`, `gateway`. */
  key: string
  /** `client:frontend`, `team:web`, `gateway`. */
  name: string
  period: 'day' | 'month'
  window: Window
  limitNanos: number
  spentNanos: number
}

const THRESHOLDS = [50, 80, 100]
const SEVERITIES: Record<number, Alert['severity']> = { 50: 'info', 80: 'warning', 100: 'critical' }

export function budgetAlerts(budget: Budget, now: number, bases: Bases): Alert[] {
  return [...thresholdAlerts(budget), ...paceAlerts(budget, now, bases)]
}

/** If several thresholds are crossed at once only the highest is reported, and none below one that was reported before. */
function thresholdAlerts(budget: Budget): Alert[] {
  const { limitNanos, spentNanos, period, name } = budget
  const reached = THRESHOLDS.findLast(percent => spentNanos / limitNanos >= percent / 100)
  if (reached === undefined) return []
  return [
    {
      kind: 'budget_threshold',
      dedupe: dedupeOf(budget, `${reached}`),
      severity: SEVERITIES[reached] ?? 'critical',
      scope: name,
      title: `${name} has spent ${reached} % of its budget for this ${period}: ${amountsOf(budget)}.`,
      details: { percent: reached, ...factsOf(budget) },
      unless: THRESHOLDS.filter(percent => percent > reached).map(percent => dedupeOf(budget, `${percent}`)),
    },
  ]
}

function paceAlerts(budget: Budget, now: number, bases: Bases): Alert[] {
  const { name, period } = budget
  const pace = paceOf(spendingOf(budget), now, bases)
  if (!pace) return []
  const exhaustedAt = new Date(pace.exhaustedAt).toISOString()
  return [
    {
      kind: 'budget_pace',
      dedupe: dedupeOf(budget, 'pace'),
      severity: 'warning',
      scope: name,
      title:
        `${name} spends its budget for this ${period} too fast: at this pace it is gone on ` +
        `${exhaustedAt.slice(0, 10)} at ${exhaustedAt.slice(11, 16)} UTC; ${amountsOf(budget)}.`,
      details: {
        exhaustedAt,
        burnRateLong: round(pace.long),
        burnRateShort: round(pace.short),
        ...factsOf(budget),
      },
    },
  ]
}

/** Calls are refused because a budget is spent: mostly just below 100 %, since what a call may cost must fit beside it. */
export function refusedAlert(budget: Budget): Alert {
  const { name, period } = budget
  return {
    kind: 'budget_refused',
    dedupe: dedupeOf(budget, 'refused'),
    severity: 'critical',
    scope: name,
    title: `What ${name} has left of its budget for this ${period} is too little for its calls, which are refused: ${amountsOf(budget)}.`,
    details: factsOf(budget),
    unless: [dedupeOf(budget, '100')],
  }
}

/** More is spent than the budget allows. */
export function overspentAlert({ key, name, period, window, limitNanos, spentNanos }: Overspent): Alert {
  return {
    kind: OVERSPENT,
    dedupe: `budget:${key}:${window}:${limitNanos}:overspent`,
    severity: 'critical',
    scope: name,
    title:
      `${name} has spent more than its budget for this ${period} allows: ${amountsOf({ limitNanos, spentNanos })}. ` +
      'Redis may have lost what a running call held.',
    details: {
      key,
      period,
      window,
      limitUsd: nanosToUsd(limitNanos),
      spentUsd: nanosToUsd(spentNanos),
    },
  }
}

export function spendingOf({ limitNanos, spentNanos, window }: Budget): Spending {
  return { limit: limitNanos, spent: spentNanos, start: window.startsAt, end: window.endsAt }
}

/** The key contains the limit, because a budget that was raised or cut is reported again. */
function dedupeOf({ key, window, limitNanos }: Budget, what: string): string {
  return `budget:${key}:${window.name}:${limitNanos}:${what}`
}

function amountsOf({ spentNanos, limitNanos }: Pick<Budget, 'spentNanos' | 'limitNanos'>): string {
  return `${writeUsd(spentNanos, limitNanos)} of ${writeUsd(limitNanos, spentNanos)} spent`
}

function factsOf({ period, window, limitNanos, spentNanos }: Budget): Alert['details'] {
  return {
    period,
    limitUsd: nanosToUsd(limitNanos),
    spentUsd: nanosToUsd(spentNanos),
    resetsAt: new Date(window.endsAt).toISOString(),
  }
}

function round(rate: number): number {
  return Math.round(rate * 100) / 100
}
