import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Budget, budgetAlerts, refusedAlert } from '../../src/alerts/budget-rules.ts'
import { windowsAt } from '../../src/lua/calendar.ts'

const noon = Date.UTC(2026, 10, 23, 12)
const still = (spent: number) => ({ slot: 180, long: spent, short: spent })

function budgetOf(more: Partial<Budget> = {}): Budget {
  return {
    key: 'client:c1',
    name: 'client:frontend',
    period: 'day',
    window: windowsAt(noon).day,
    limitNanos: 5e9,
    spentNanos: 0,
    ...more,
  }
}

const thresholds = (budget: Budget) =>
  budgetAlerts(budget, noon, still(budget.spentNanos)).filter(({ kind }) => kind === 'budget_threshold')

for (const [spent, expected] of [
  [0, []],
  [2_499_999_999, []],
  [2_500_000_000, [50]],
  [3_999_999_999, [50]],
  [4_000_000_000, [80]],
  [4_999_999_999, [80]],
  [5_000_000_000, [100]],
  [7_000_000_000, [100]],
] as const) {
  test(`a spend of ${spent / 1e9} of 5 dollars raises ${expected.length > 0 ? `the alert for ${expected} %` : 'no alert'}`, () => {
    const found = thresholds(budgetOf({ spentNanos: spent }))
    assert.deepEqual(
      found.map(({ details }) => details.percent),
      expected,
    )
  })
}

test('thresholds are exact for the largest budget there is', () => {
  const limitNanos = Number.MAX_SAFE_INTEGER
  assert.equal(thresholds(budgetOf({ limitNanos, spentNanos: limitNanos - 1 }))[0]?.details.percent, 80)
  assert.equal(thresholds(budgetOf({ limitNanos, spentNanos: limitNanos }))[0]?.details.percent, 100)
})

test('a budget of zero raises an alert only after spend', () => {
  assert.deepEqual(budgetAlerts(budgetOf({ limitNanos: 0 }), noon, still(0)), [])
  assert.equal(thresholds(budgetOf({ limitNanos: 0, spentNanos: 1 }))[0]?.details.percent, 100)
})

test('a lower threshold raises no alert after a higher one', () => {
  const [half] = thresholds(budgetOf({ spentNanos: 2.6e9 }))
  const [most] = thresholds(budgetOf({ spentNanos: 4.1e9 }))
  const [all] = thresholds(budgetOf({ spentNanos: 5e9 }))
  assert.deepEqual(half?.unless, [most?.dedupe, all?.dedupe])
  assert.deepEqual(most?.unless, [all?.dedupe])
  assert.deepEqual(all?.unless, [])
})

test('each window, scope and limit raises its own alert', () => {
  const spent = { spentNanos: 2.6e9 }
  const dedupes = [
    budgetOf(spent),
    budgetOf({ ...spent, window: windowsAt(noon + 86_400_000).day }),
    budgetOf({ ...spent, period: 'month', window: windowsAt(noon).month }),
    budgetOf({ ...spent, key: 'team:t1' }),
    budgetOf({ ...spent, limitNanos: 4e9 }),
  ].map(budget => thresholds(budget)[0]?.dedupe)
  assert.equal(new Set(dedupes).size, dedupes.length)
})

test('the title names the budget and its spend, and the details have the numbers', () => {
  const [alert] = thresholds(budgetOf({ spentNanos: 4_150_000_000 }))
  assert.equal(alert?.severity, 'warning')
  assert.equal(
    alert?.title,
    'client:frontend has spent 80 % of its budget for this day: $4.15 of $5.00 spent.',
  )
  assert.deepEqual(alert?.details, {
    percent: 80,
    period: 'day',
    limitUsd: 5,
    spentUsd: 4.15,
    resetsAt: '2026-11-24T00:00:00.000Z',
  })
})

test('too fast a pace raises one alert a window with the time of exhaustion', () => {
  const budget = budgetOf({ spentNanos: 1.5e9 })
  const slot = 12 * 15

  assert.deepEqual(budgetAlerts(budget, noon, { slot, long: 0.5e9, short: 1.5e9 }), [], 'silent')
  const [pace] = budgetAlerts(budget, noon, { slot, long: 0.5e9, short: 1.4e9 })
  assert.equal(pace?.kind, 'budget_pace')
  assert.match(
    pace?.title ?? '',
    /^client:frontend spends its budget for this day too fast: at this pace it is gone on 2026-11-23 at \d\d:\d\d UTC; \$1\.50 of \$5\.00 spent\.$/,
  )
  assert.equal(pace?.dedupe, 'budget:client:c1:d20261123:5000000000:pace')
})

test('calls refused by a nearly spent budget raise an alert, unless the budget is spent', () => {
  const alert = refusedAlert(budgetOf({ spentNanos: 4.98e9 }))
  const [all] = thresholds(budgetOf({ spentNanos: 5e9 }))
  assert.match(alert.title, /too little for its calls, which are refused: \$4\.98 of \$5\.00 spent/)
  assert.deepEqual(alert.unless, [all?.dedupe])
})
