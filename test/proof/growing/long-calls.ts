/**
 * Long calls with large output limits on budgets that their limits would not fit in: holds grow, calls are stopped where
 * there is no room, callers leave, a replica is killed. Afterwards no budget is overspent, and all records agree.
 */

import assert from 'node:assert/strict'
import type { TestContext } from 'node:test'
import { builtin } from '../../../src/pricing/builtin.ts'
import { loadPrices } from '../../../src/pricing/table.ts'
import type { Call as Served } from '../../provider.ts'
import { testDatabase, testRedis } from '../../servers.ts'
import { until } from '../../until.ts'
import { type Fleet, startFleet } from '../fleet.ts'
import { type Random, randomFrom, seedOf } from '../random.ts'
import { allQuiet, assertBalanced, assertWithin, overspend, type Row } from '../reconciliation.ts'
import { type Call, press } from '../traffic.ts'

const MODEL = 'claude-haiku-4-5'
const RATE = loadPrices(builtin).find(MODEL, new Date())?.maxOutputTokensPerSecond ?? 0
const INPUT_NANOS = 1000
const OUTPUT_NANOS = 5000
const PER_MESSAGE = 32
const CALLS = 60
const AT_ONCE = 18
const GAP = 200

type Shape = Pick<Call, 'number' | 'client' | 'stream'> & { steps: number; output: number; input: number }

function callOf({ number, client, stream, steps, output, input }: Shape): Call {
  const pace = stream ? `slow-stream ${steps} chunks ${GAP}ms` : `delay ${steps * GAP}ms`
  const prompt = `call ${number}: [[scenario: usage ${input} in ${output} out, ${pace}]]`
  return {
    number,
    client,
    stream,
    body: JSON.stringify({
      model: MODEL,
      max_tokens: 64_000,
      stream,
      messages: [{ role: 'user', content: `${'x'.repeat(3 * input)} ${prompt}` }],
    }),
    holds: { bytes: 0, counted: 0 },
    leaves: undefined,
  }
}

/** A call of 1 to 8 seconds to a provider that generates at up to nine tenths of its highest rate. */
function longCall(number: number, random: Random, client: string): Call {
  const steps = random.between(5, 40)
  const output = Math.floor((RATE * random.between(30, 90) * steps * GAP) / 100_000)
  const stream = random.chance(0.6)
  const call = callOf({ number, client, stream, steps, output, input: random.between(100, 900) })
  return {
    ...call,
    leaves: stream && random.chance(0.3) ? { afterMs: random.between(500, 4000) } : undefined,
  }
}

/** A call of 16 seconds for a client whose budget has room for 10. */
function stoppedCall(number: number): Call {
  return callOf({ number, client: 'short', stream: true, steps: 80, output: RATE, input: 100 })
}

export async function longCalls(t: TestContext) {
  const random = randomFrom(seedOf(t, 20261128))
  const [{ url: redisUrl }, { url: databaseUrl }] = await Promise.all([testRedis(t), testDatabase(t)])
  const fleet = await startFleet(t, { redisUrl, databaseUrl })
  await fleet.everything({ budget: { month: 0.5 } })
  const keys = new Map([
    ['agent', await fleet.client('agent', { budget: { day: 0.25 } })],
    ['batch', await fleet.client('batch', {})],
  ])
  const others = Array.from({ length: CALLS - 1 }, (_, i) =>
    longCall(i + 1, random, random.pick([...keys.keys()])),
  )
  keys.set('short', await fleet.client('short', { budget: { day: (10 * RATE * OUTPUT_NANOS) / 1e9 } }))
  // Sent first, while every other budget has room, to a replica that is not killed.
  const calls = [stoppedCall(0), ...others]
  const url = ({ client }: Call) =>
    (client === 'short' ? fleet.gateways[0]! : random.pick(fleet.gateways)).url
  const killed = killOneOf(fleet)

  await press({ random, url, keys, patience: { everyMs: 400, attempts: 60 } }, calls, AT_ONCE)
  await killed
  await allQuiet(fleet)

  const rows = await assertBalanced(fleet)
  for (const [outcome, of] of Map.groupBy(rows, row => row.outcome)) t.diagnostic(`${outcome} ${of.length}`)
  assertWithin(fleet.budgets, rows)
  assert.equal(overspend(rows), 0)
  for (const outcome of ['ok', 'interrupted', 'client_gone', 'lost'])
    assert.ok(
      rows.some(row => row.outcome === outcome),
      `no call ended ${outcome}`,
    )
  assertGrown(rows, calls)
  assertPaidFor(fleet.provider.calls, rows)
}

async function killOneOf(fleet: Fleet) {
  await until(async () => fleet.provider.calls.length >= CALLS / 4)
  await fleet.kill(fleet.gateways[1]!)
  await fleet.start()
}

/** At least some calls held more at their end than any call holds at its admission: 8 seconds of output. */
function assertGrown(rows: Row[], calls: readonly Call[]) {
  const input = Math.max(...calls.map(({ body }) => body.length + PER_MESSAGE))
  const most = 8 * RATE * OUTPUT_NANOS + input * INPUT_NANOS
  assert.ok(
    rows.some(({ held }) => held > most),
    'no hold grew',
  )
}

/** The provider's output at the end of all calls together costs no more than their charges. */
function assertPaidFor(served: readonly Served[], rows: Row[]) {
  const generated = served
    .filter(({ path, status }) => status === 200 && !path.includes('count_tokens'))
    .reduce((sum, one) => sum + actualCost(one), 0)
  const charged = rows.reduce((sum, { cost }) => sum + cost, 0)
  assert.ok(charged >= generated, `${charged} charged, ${generated} generated`)
}

function actualCost({ served, scenario, startedAt, endedAt, aborted }: Served): number {
  const ms = Math.max(scenario.delay, (scenario.chunks ?? 0) * scenario.gap)
  const share = aborted && endedAt ? Math.min(1, (endedAt - startedAt) / ms) : 1
  return served.reduce(
    (sum, { input, output }) => sum + input * INPUT_NANOS + share * output * OUTPUT_NANOS,
    0,
  )
}
