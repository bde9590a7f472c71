/** The provider's records and the log against the ledger, call by call. */

import assert from 'node:assert/strict'
import type { Call as Served } from '../provider.ts'
import { until } from '../until.ts'
import type { Fleet } from './fleet.ts'
import { priceOf, type Row } from './reconciliation.ts'
import { assertCharged } from './rule.ts'
import { type Attempt, type Call, numberIn } from './traffic.ts'

/** Calls that cost something: the provider's own counter is free. */
export const isPaid = ({ path }: Served) => !path.includes('count_tokens')

/**
 * What the provider served is charged once, and nothing else is. Calls of a lost replica cost what they
 * held; returns those rows.
 */
export function assertServedIsCharged({
  fleet,
  calls,
  rows,
}: {
  fleet: Fleet
  calls: Call[]
  rows: Row[]
}): Row[] {
  const byHold = new Map(calls.flatMap(call => Object.values(call.holds).map(hold => [hold, call])))
  const paid = fleet.provider.calls.filter(isPaid)
  const served = new Map(paid.map(call => [numberIn(call.body), call]))
  assert.equal(served.size, paid.length, 'no call was sent twice')

  const charged = new Set<number>()
  const lost: Row[] = []
  let [exact, owed] = [0, 0]
  for (const row of rows) {
    // An admission without a response may have reserved something: the end of the call settles it anyway.
    if (row.cost === 0 && row.held === 0) continue
    const call = byHold.get(row.held)
    assert.ok(call, `no call holds ${row.held}: ${row.id}`)
    if (row.outcome === 'refused') {
      assert.equal(row.cost, 0, `${row.id} was refused`)
      continue
    }
    assert.ok(!charged.has(call.number), `call ${call.number} was charged twice`)
    charged.add(call.number)
    if (row.outcome === 'lost') {
      assert.deepEqual([row.cost, row.estimated], [row.held, true], `${row.id} was lost`)
      lost.push(row)
      continue
    }
    const its = served.get(call.number)
    assertCharged(row, call, its)
    if (its?.reported && !row.estimated) {
      exact += row.cost
      owed += priceOf(its)
    }
  }
  assert.equal(exact, owed, 'what the provider is owed for what it served to the end')
  assert.deepEqual(
    [...served.keys()].filter(number => !charged.has(number)),
    [],
    'served, and not charged',
  )
  return lost
}

/** Every attempt is one line of the log, and one row of the ledger or a call that took nothing. */
export async function assertToldOnce({
  fleet,
  attempts,
  rows,
}: {
  fleet: Fleet
  attempts: Attempt[]
  rows: Row[]
}): Promise<void> {
  const ids = new Set(rows.map(({ id }) => id))
  assert.equal(ids.size, rows.length, 'one row a call: nothing was lost, nothing corrected')
  const known = [...rows, ...attempts].flatMap(({ id }) => id ?? [])
  await until(async () => {
    const lines = new Set(fleet.lines().map(({ reqId }) => reqId))
    return known.every(id => lines.has(id))
  })
  const lines = fleet.lines()
  const byId = new Map(lines.map(line => [String(line.reqId), line]))
  assert.equal(byId.size, lines.length, 'one line a call')
  for (const row of rows) {
    const line = byId.get(row.id)!
    assert.deepEqual(
      [Math.round(Number(line.costUsd) * 1e9), line.outcome, line.estimated],
      [row.cost, row.outcome, row.estimated],
    )
  }
  for (const { reqId, outcome, costUsd } of lines) {
    if (ids.has(String(reqId))) continue
    assert.ok(outcome === 'refused' || outcome === 'client_gone', `${reqId} is ${outcome}, and no row`)
    assert.equal(costUsd, 0)
  }
}
