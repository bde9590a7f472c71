/**
 * Was every refusal right? A refusal contains the numbers of its decision, and the ledger shows in which order money
 * really moved: each settlement has its place in the stream, each admission its time on the same clock. So a refusal is
 * right if, and only if,
 *   - its `spent` is what the ledger's rows up to some place add up to, and its `held` is what the calls admitted and not
 *     yet settled at that place held, in the time between the caller's request and its response: the state was a real one;
 *   - the call's own bound did not fit beside them.
 * The order of two admissions of one millisecond is not replayed: of calls admitted between one settlement and
 * the next, `held` may count any number.
 */

import assert from 'node:assert/strict'
import type { Budget } from './fleet.ts'
import type { Row } from './reconciliation.ts'
import type { Attempt } from './traffic.ts'

export interface Records {
  budgets: Budget[]
  rows: Row[]
  /** Possible holds of calls without a row, because their callers left before they were forwarded. */
  unserved: number
}

/** `bounds`: the bound of the refusal, or all possible bounds if it is unknown. */
export function assertRefusedRightly(
  { call, details, from, to }: Attempt,
  bounds: number[],
  { budgets, rows, unserved }: Records,
): void {
  const { error_code: code, scope, window } = details
  const budget = budgets.find(one => one.name === scope && one.window === window)
  const why = `call ${call.number}, bound ${bounds}: ${JSON.stringify(details)}`
  assert.ok(budget, why)
  const limit = nanos(details.limit_usd)
  assert.equal(limit, budget.nanos, why)
  if (code === 'request_exceeds_budget') {
    assert.ok(
      bounds.some(bound => bound > limit),
      why,
    )
    return
  }
  const [spent, held] = [nanos(details.spent_usd), nanos(details.held_usd)]
  const mine = rows.filter(isOf(budget, from))
  assert.ok(wasReal(mine, spent, held, unserved, from, to), `no such moment: ${why}`)
  if (code === 'budget_in_flight') {
    const isInFlight = (bound: number) => spent + bound <= limit && spent + held + bound > limit
    assert.ok(bounds.some(isInFlight), `not in flight: ${why}`)
  } else {
    assert.equal(code, 'budget_exceeded', why)
    assert.ok(
      bounds.some(bound => bound <= limit && spent + bound > limit),
      `it would have fitted, or could never fit: ${why}`,
    )
  }
}

function isOf({ scope, window }: Budget, time: number): (row: Row) => boolean {
  const length = window === 'day' ? 10 : 7
  const name = new Date(time).toISOString().slice(0, length)
  return ({ scopes, day }) => scopes.includes(scope) && day.slice(0, length) === name
}

/** `rows` in the order of their settlement. */
function wasReal(
  rows: Row[],
  spent: number,
  held: number,
  unserved: number,
  from: number,
  to: number,
): boolean {
  let sum = 0
  for (let settled = 0; settled <= rows.length; settled++) {
    const since = rows[settled - 1]?.settledAt ?? 0
    const until = rows[settled]?.settledAt ?? Number.POSITIVE_INFINITY
    if (sum === spent && since <= to && until >= from) {
      const open = rows.slice(settled)
      const least = heldBy(open.filter(({ at }) => at < Math.max(since, from)))
      const most = heldBy(open.filter(({ at }) => at <= Math.min(until, to)))
      if (held >= least && held <= most + unserved) return true
    }
    sum += rows[settled]?.cost ?? 0
  }
  return false
}

const heldBy = (rows: Row[]) => rows.reduce((sum, row) => sum + row.held, 0)

/** Exact: budgets here are far below the millions of dollars where a double loses nano-dollars. */
function nanos(usd = Number.NaN): number {
  return Math.round(usd * 1e9)
}
