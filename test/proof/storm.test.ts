/** Three gateways, three hundred calls at once, budgets they do not fit in: afterwards all records agree. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { testDatabase, testRedis } from '../servers.ts'
import { assertServedIsCharged, assertToldOnce, isPaid } from './agreement.ts'
import { type Budget, type Fleet, type Limits, startFleet } from './fleet.ts'
import { assertRefusedRightly } from './oracle.ts'
import { randomFrom, seedOf } from './random.ts'
import { allQuiet, assertBalanced, assertWithin, overspend, type Row, sumsOf } from './reconciliation.ts'
import { type Attempt, attempt, type Call, drawCalls, insist, isPutOff, numberIn } from './traffic.ts'

const CALLS = 300
/** Longest wait of a gateway for the provider's count of a prompt, milliseconds. */
const PATIENCE = 5000
const CLIENTS: Record<string, Limits & { team?: string }> = {
  frontend: { team: 'web', budget: { day: 0.1 } },
  mobile: { team: 'web', limits: { concurrency: 15 } },
  batch: { budget: { day: 0.15, month: 0.12 } },
  research: {},
}

interface Storm {
  fleet: Fleet
  keys: Map<string, string>
  calls: Call[]
  attempts: Attempt[]
  rows: Row[]
}

async function storm(t: TestContext, seed: number): Promise<Storm> {
  const [{ url: redisUrl }, { url: databaseUrl }] = await Promise.all([testRedis(t), testDatabase(t)])
  const fleet = await startFleet(t, { redisUrl, databaseUrl })
  await fleet.everything({ budget: { month: 0.4 } })
  await fleet.team('web', { budget: { month: 0.16 } })
  const keys = new Map<string, string>()
  for (const [name, settings] of Object.entries(CLIENTS)) keys.set(name, await fleet.client(name, settings))
  const random = randomFrom(seed)
  const calls = drawCalls({ random, clients: [...keys.keys()], count: CALLS })

  const url = ({ number }: Call) => fleet.gateways[number % fleet.gateways.length]!.url
  const attempts = await Promise.all(calls.map(call => insist({ random, url, keys }, call)))

  assert.deepEqual(
    attempts.map(of => of.at(-1)!).filter(isPutOff),
    [],
    'every call got a response in the end',
  )
  await allQuiet(fleet)
  const rows = await assertBalanced(fleet)
  return { fleet, keys, calls, attempts: attempts.flat(), rows }
}

test('a storm on three gateways overspends no budget, and all records agree', async t => {
  const seed = seedOf(t, 20261123)
  const stormed = await storm(t, seed)
  const { fleet, attempts, rows } = stormed
  const codes = Object.groupBy(attempts, ({ status, details }) => details.error_code ?? String(status))
  t.diagnostic(
    Object.entries(codes)
      .map(([code, of]) => `${code} ${of?.length}`)
      .join(', '),
  )

  await t.test('no budget is overspent, and no call cost more than it held', () => {
    assertWithin(fleet.budgets, rows)
    assert.equal(overspend(rows), 0)
  })
  await t.test('the charges equal the calls that the provider served', () => {
    assert.deepEqual(assertServedIsCharged(stormed), [], 'no call was lost')
  })
  await t.test('every call is one line of the log, and one row of the ledger or a refusal', () =>
    assertToldOnce(stormed),
  )
  await t.test('no call was refused that would have fitted', () => assertNoFalseDenial(t, stormed))
  await t.test('the rest of each budget can be used to the last token', () => assertUsableToTheEnd(stormed))
})

function assertNoFalseDenial(t: TestContext, { fleet, attempts, rows }: Storm) {
  const counted = fleet.provider.calls
    .filter(call => !isPaid(call) && call.status === 200 && !call.aborted && !call.closedEarly)
    .map(({ body, startedAt }) => ({ number: numberIn(body), startedAt }))
  const amounts = new Set(rows.map(({ held }) => held))
  // A caller may leave between its admission and its call to the provider: the hold is released, without a row.
  const left = attempts.filter(
    ({ status, call: { holds } }) =>
      status === undefined && !amounts.has(holds.bytes) && !amounts.has(holds.counted),
  )
  const refusals = attempts.filter(({ details: { error_code } }) => /budget/.test(error_code ?? ''))
  for (const refused of refusals) {
    const { from, to } = refused
    const { number, holds } = refused.call
    const counts = counted.filter(one => one.number === number && one.startedAt <= to)
    const isCountedNow = counts.some(one => one.startedAt >= from)
    // On a busy machine the provider's count may come too late. A count that a gateway has given up may even reach the
    // provider during a later attempt: the kernel delivers it once the provider accepts the connection.
    const wasSlow = attempts.some(
      one => one.call === refused.call && one.from <= from && one.to - one.from > PATIENCE,
    )
    // An earlier count is cached and used if it helps.
    const bounds = [
      ...(counts.length > 0 ? [holds.counted] : []),
      ...(!isCountedNow || wasSlow ? [holds.bytes] : []),
    ]
    const unserved = left.filter(one => one.from <= to).reduce((sum, { call }) => sum + call.holds.bytes, 0)
    assertRefusedRightly(refused, bounds, { budgets: fleet.budgets, rows, unserved })
  }
  t.diagnostic(`${refusals.length} refusals replayed, ${counted.length} exact counts`)
  assert.ok(refusals.length > 0, 'the budgets bind')
}

/** A call that fails costs nothing: it tests whether a call would be admitted, and changes nothing. */
function probe(call: Call, ceiling: number): Call {
  const prompt = `probe ${' '.repeat(5 - String(ceiling).length)}[[scenario: status 500]]`
  const body = JSON.stringify({
    model: 'claude-haiku-4-5',
    max_tokens: ceiling,
    messages: [{ role: 'user', content: prompt }],
  })
  return { ...call, body, stream: false, leaves: undefined }
}

async function assertUsableToTheEnd({ fleet, keys, calls, rows }: Storm) {
  const spent = sumsOf(rows)
  const today = new Date().toISOString().slice(0, 10).replaceAll('-', '')
  const left = ({ scope, window, nanos }: Budget) =>
    nanos - (spent.get(`${scope} ${window === 'day' ? `d${today}` : `m${today.slice(0, 6)}`}:spent`) ?? 0)
  const { url } = fleet.gateways[0]!
  for (const [client, key] of keys) {
    const call = calls.find(one => one.client === client)!
    const binding = ['gateway', `team:${CLIENTS[client]?.team}`, `client:${client}`]
    const available = Math.min(...fleet.budgets.filter(({ name }) => binding.includes(name)).map(left))
    const input = (probe(call, 10_000).body.length + 32) * 1000
    const fits = Math.floor((available - input) / 5000)
    if (fits < 1) continue
    const above = await attempt(url, key, probe(call, fits + 1))
    const exactly = await attempt(url, key, probe(call, fits))
    assert.deepEqual([above.status, above.details.max_tokens_that_fit], [402, fits], client)
    assert.equal(exactly.status, 502, `${client}: ${fits} tokens fit, and were refused`)
    await allQuiet(fleet)
  }
}
