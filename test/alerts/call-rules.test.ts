import assert from 'node:assert/strict'
import { test } from 'node:test'
import {
  ledgerAlert,
  loopAlert,
  overspendAlert,
  pricesAlert,
  refusedUsAlert,
} from '../../src/alerts/call-rules.ts'

const at = (time: string) => Date.parse(`2026-11-23T${time}Z`)
const frontend = { id: 'c1', name: 'frontend' }
const overspend = { reqId: 'r', client: frontend, model: 'm', heldNanos: 1, boundNanos: 10 }

for (const [pending, severity] of [
  [0, undefined],
  [99, undefined],
  [100, 'warning'],
  [499, 'warning'],
  [500, 'critical'],
  [1000, 'critical'],
] as const) {
  test(`${pending} of 1000 ledger entries that wait for Postgres raise ${severity ? `a ${severity}` : 'no'} alert`, () => {
    assert.equal(ledgerAlert(pending, 1000, at('12:00:00'))?.severity, severity)
  })
}

test('a recovering ledger raises no alert with a lower severity', () => {
  const half = ledgerAlert(500, 1000, at('12:10:00'))
  const tenth = ledgerAlert(100, 1000, at('12:20:00'))
  assert.deepEqual(tenth?.unless, [half?.dedupe])
  assert.deepEqual(half?.unless, [])
})

test('a lasting condition raises one alert an hour', () => {
  const rules = [
    (now: number) => loopAlert(frontend, 'claude-haiku-4-5', now),
    (now: number) => refusedUsAlert('ezai', 'claude-haiku-4-5', 'the provider answered 401', now),
    (now: number) => ledgerAlert(100, 1000, now),
    (now: number) => pricesAlert('PRICES_FILE: no JSON', now),
    (now: number) => overspendAlert({ ...overspend, costNanos: 2 }, now),
  ]
  for (const rule of rules) {
    assert.equal(rule(at('12:00:00'))?.dedupe, rule(at('12:59:59'))?.dedupe)
    assert.notEqual(rule(at('12:59:59'))?.dedupe, rule(at('13:00:00'))?.dedupe)
  }
})

test('an overspend alert names the price table only if the cost exceeds the bound', () => {
  const [within, above] = [10, 11].map(costNanos => overspendAlert({ ...overspend, costNanos }, 0))
  assert.match(within!.title, /: its hold did not grow in time/)
  assert.match(above!.title, /: the price table's bound is wrong\.$/)
})

test('an alert that may concern Postgres does not wait for Postgres', () => {
  assert.equal(ledgerAlert(100, 1000, at('12:00:00'))?.urgent, true)
  assert.equal(refusedUsAlert('ezai', 'm', 'the provider answered 401', at('12:00:00')).urgent, true)
})
