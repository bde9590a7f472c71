/**
 * Random calls over random routes to upstreams that refuse, fail, break off and stay silent: every attempt is charged as the
 * rules demand, once, and no budget ever has more spent and held than it has.
 */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { dialects } from '../../src/dialects/index.ts'
import { until } from '../until.ts'
import { assertCharges } from './attempts/charges.ts'
import { readRows } from './attempts/rows.ts'
import { clientOf, type Ran, run } from './attempts/run.ts'
import { trials, UPSTREAMS } from './attempts/trial.ts'
import { seedOf } from './random.ts'
import { allQuiet, assertBalanced } from './reconciliation.ts'

const CALLS = 80
const LEAVING = 6
const TRIALS = 4

test('each attempt of a call is charged once, and what is held covers it', async t => {
  const seed = seedOf(t, 20261129)
  // A failure cannot be made smaller: which calls meet is chance.
  let retried = 0
  for (const [i, trial] of fc.sample(trials(CALLS, LEAVING), { seed, numRuns: TRIALS }).entries())
    await t.test(`trial ${i + 1}`, async t => {
      const ran = await run(t, trial)
      await settle(ran)
      retried += check(t, ran)
    })
  assert.ok(retried > 0, 'no call was charged for several attempts')
})

async function settle(ran: Ran) {
  const { gateway } = ran
  // A caller may leave before the gateway has its request.
  await until(() => gateway.app.running.size === 0)
  await allQuiet(gateway)
  await assertBalanced(gateway)
  ran.rows = await readRows(gateway.databaseUrl)
}

/** Returns the number of calls that were charged for several attempts. */
function check(t: TestContext, ran: Ran): number {
  const { gateway, trial, rows, asked, answered, looks, changes } = ran
  assert.deepEqual(looks.over, [], 'more spent and held than the budget has')
  const byCall = Map.groupBy(rows, ({ id }) => id.split('~')[0]!)
  const lines = gateway.calls()
  const logged = new Set(lines.map(({ reqId }) => reqId))
  assert.equal(logged.size, lines.length, 'one line a call')
  assert.ok(answered.every(({ id }) => id === undefined || logged.has(id)))
  for (const { reqId, costUsd } of lines) {
    const sum = (byCall.get(String(reqId)) ?? []).reduce((total, { cost }) => total + cost, 0)
    assert.equal(Math.round(Number(costUsd) * 1e9), sum, `the line of ${reqId}`)
  }
  for (const { call, id, status, costUsd } of answered) {
    const own = id ?? lines.find(({ client }) => client === clientOf(call))?.reqId
    const its = byCall.get(String(own)) ?? []
    const requests = asked.filter(({ number }) => number === call.number)
    assertCharges(ran, call, its, requests)
    if (status !== 200 || call.stream) continue
    const sum = its.reduce((total, { cost }) => total + cost, 0)
    assert.equal(Math.round(Number(costUsd) * 1e9), sum, 'the header of a JSON response')
  }
  assert.deepEqual(
    answered.filter(({ status }) => status === 500),
    [],
    'a fault of the gateway',
  )
  assertNothingRuns(ran)
  const retried = [...byCall.values()].filter(its => its.length > 1).length
  const statuses = Object.entries(Object.groupBy(answered, ({ status }) => String(status)))
  t.diagnostic(
    `${trial.calls.length} calls, ${asked.length} attempts, ${rows.length} rows, ${retried} calls with several rows, ` +
      `${looks.count} looks, ${changes} changes; ${statuses.map(([status, of]) => `${status}: ${of?.length}`).join(', ')}`,
  )
  return retried
}

function assertNothingRuns({ gateway, trial }: Ran) {
  const { app } = gateway
  assert.equal(app.holds.size, 0)
  for (const { name, attempts, keys } of app.upstreams.all())
    assert.deepEqual([attempts.running, ...keys.map(key => key.running)], [0, 0], name)
  for (const { model } of trial.routes)
    for (const dialect of dialects)
      for (const { running } of app.upstreams.plan(model, dialect)?.candidates ?? []) assert.equal(running, 0)
  assert.equal(app.upstreams.all().length, UPSTREAMS.length)
}
