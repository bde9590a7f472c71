/**
 * Several gateways, three upstreams that fail, hang and come back, callers who call again, and replicas that are killed during
 * attempts and between them: no budget is overspent, no attempt is charged twice, and nothing stays held.
 */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { assertCharges } from './attempts/charges.ts'
import { type Simulated, startSimulated } from './attempts/conditions.ts'
import { killAt, type Moment } from './attempts/killer.ts'
import { type Row, readRows } from './attempts/rows.ts'
import { drawCall, insist, NAMES, newTrial, startReplicas } from './attempts/storm.ts'
import { CLIENTS, type ClientName, type Planned, type Trial } from './attempts/trial.ts'
import type { Fleet } from './fleet.ts'
import { type Random, randomFrom, seedOf } from './random.ts'
import { allQuiet, assertBalanced, assertWithin, overspend } from './reconciliation.ts'

const CALLS = 120
const BUDGET_USD = 4
const CALLERS = 16
const MOMENTS: readonly Moment[] = ['cut', 'paused', 'running', 'paused']
const KILL_EVERY = 25

interface Stormed {
  fleet: Fleet
  trial: Trial
  simulated: Simulated
  /** The calls by what they hold. */
  byHold: Map<number, Planned>
  made: Awaited<ReturnType<typeof insist>>
}

async function storm(t: TestContext, random: Random): Promise<Stormed> {
  const trial = newTrial()
  const simulated = await startSimulated(t, { names: NAMES, random, trial })
  const { fleet, ...killing } = await startReplicas(t, simulated, trial)
  await fleet.everything({ budget: { month: BUDGET_USD } })
  const keys = new Map<ClientName, string>()
  for (const [name, settings] of Object.entries(CLIENTS) as [ClientName, object][])
    keys.set(name, await fleet.client(name, settings))
  const byHold = new Map<number, Planned>()
  const made: Stormed['made'] = []
  let left = CALLS
  let isKilling = true
  const caller = async () => {
    while (left-- > 0 || isKilling) {
      const [client, key] = random.pick([...keys])
      made.push(...(await insist(fleet, random, key, () => drawCall(trial, random, client, byHold), trial)))
    }
  }

  const killed = killAt(
    { fleet, simulated, random, ...killing },
    MOMENTS.map((moment, i) => ({ after: KILL_EVERY * (i + 1), moment })),
  ).finally(() => {
    isKilling = false
  })
  await Promise.all([killed, ...Array.from({ length: CALLERS }, caller)])
  await simulated.idle()
  await allQuiet(fleet)
  return { fleet, trial, simulated, byHold, made }
}

test('replicas that die between attempts overspend nothing and charge nothing twice', async t => {
  const stormed = await storm(t, randomFrom(seedOf(t, 20261130)))
  const { fleet, trial, simulated } = stormed

  const ledger = await assertBalanced(fleet)
  assertWithin(fleet.budgets, ledger)
  assert.equal(overspend(ledger), 0)
  assert.ok(
    ledger.every(({ seq }) => seq === 0),
    'nothing was corrected',
  )
  const rows = await readRows(fleet.databaseUrl)
  assert.equal(new Set(rows.map(({ id }) => id)).size, rows.length)
  assertCharged(stormed, rows)

  const lost = rows.filter(({ outcome }) => outcome === 'lost')
  const later = (of: Row[]) => of.filter(({ id }) => id.includes('~')).length
  t.diagnostic(
    `${trial.calls.length} calls, ${simulated.asked.length} attempts, ${rows.length} rows (${later(rows)} of later attempts), ` +
      `${lost.length} lost (${later(lost)} of later attempts)`,
  )
  assert.ok(lost.length > 0 && later(rows) > 0)
})

function assertCharged({ trial, simulated, byHold, made }: Stormed, rows: Row[]) {
  const byNumber = Map.groupBy(
    // An admission without a reply may have held something; its settlement costs nothing.
    rows.filter(({ held, cost }) => held > 0 || cost > 0),
    ({ held }) => byHold.get(held)?.number,
  )
  assert.equal(byNumber.get(undefined), undefined, 'a hold of no call')
  for (const call of trial.calls) {
    const requests = simulated.asked.filter(({ number }) => number === call.number)
    assertCharges({ trial }, call, byNumber.get(call.number) ?? [], requests)
  }
  for (const { call, attempt } of made) {
    if (attempt.status !== 200 || !attempt.whole) continue
    const its = byNumber.get(call.number) ?? []
    assert.equal(its[0]?.id, attempt.id, 'a served call has a row')
    // A replica may die after its response and before the settlement.
    assert.match(String(its.at(-1)?.outcome), /^(ok|lost)$/)
  }
}
