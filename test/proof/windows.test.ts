/** Only Redis's clock counts: the clock of a gateway's machine changes nothing. */

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Line, message } from '../gateway.ts'
import { scrape } from '../prometheus.ts'
import { openPool, temporaryFolder, testDatabase, testRedis } from '../servers.ts'
import { until } from '../until.ts'
import { assertServedIsCharged } from './agreement.ts'
import { startFleet } from './fleet.ts'
import { randomFrom, seedOf } from './random.ts'
import { allQuiet, assertBalanced, assertWithin, overspend } from './reconciliation.ts'
import { type Attempt, attempt, drawCalls, PEACEFUL } from './traffic.ts'

const HOUR = 3_600_000
const DAY = 24 * HOUR
/** All calls at once would take longer on a busy machine than an admission may. */
const AT_ONCE = 15

/** The environment of a gateway whose clock is wrong. */
const skewedBy = (ms: number) => ({
  NODE_OPTIONS: `--import=${new URL('skew.ts', import.meta.url)}`,
  SKEW_MS: String(ms),
})

test('gateways with clocks a day apart share buckets and budgets of the same day', async t => {
  const [{ url: redisUrl }, { url: databaseUrl }] = await Promise.all([testRedis(t), testDatabase(t)])
  const fleet = await startFleet(t, { redisUrl, databaseUrl, size: 1 })
  const [ahead, behind] = await Promise.all([
    fleet.start(skewedBy(26 * HOUR)),
    fleet.start(skewedBy(-26 * HOUR)),
  ])
  const keys = new Map([
    ['bucket', await fleet.client('bucket', { limits: { requests: { capacity: 40, per: '1d' } } })],
    ['budget', await fleet.client('budget', { budget: { day: 0.05 } })],
  ])
  const calls = drawCalls({
    random: randomFrom(seedOf(t, 21)),
    clients: [...keys.keys()],
    count: 150,
    kinds: PEACEFUL,
  })
  const utcDay = () => new Date().toISOString().slice(0, 10)
  const days = [utcDay()]

  const attempts: Attempt[] = []
  for (let i = 0; i < calls.length; i += AT_ONCE)
    attempts.push(
      ...(await Promise.all(
        calls
          .slice(i, i + AT_ONCE)
          .map((call, j) => attempt(fleet.gateways[j % 3]!.url, keys.get(call.client)!, call)),
      )),
    )

  days.push(utcDay())
  await allQuiet(fleet)
  const rows = await assertBalanced(fleet)
  assertWithin(fleet.budgets, rows)
  assert.equal(overspend(rows), 0)
  assert.deepEqual(assertServedIsCharged({ fleet, calls, rows }), [])
  assert.deepEqual(
    rows.filter(({ day }) => !days.includes(day)),
    [],
    'charged on another day',
  )
  const granted = (client: string) => (one: Attempt) => one.call.client === client && one.status === 200
  assert.equal(attempts.filter(granted('bucket')).length, 40)
  assert.ok(
    attempts.some(({ details }) => details.scope === 'client:budget'),
    'the budget binds',
  )

  const clocks = [ahead, behind].map(({ lines }) => Date.parse(String(lines.at(-1)?.time)) - Date.now())
  assert.ok(clocks[0]! > 25 * HOUR && clocks[1]! < -25 * HOUR, 'their clocks are wrong')
  for (const path of ['/clients/budget', '/verify']) {
    const explained = await Promise.all(
      fleet.gateways.map(gateway => fleet.admin('GET', path, undefined, gateway)),
    )
    assert.equal(explained[0]!.status, 200)
    assert.deepEqual([explained[1], explained[2]], [explained[0], explained[0]], path)
  }
})

test('a gateway whose clock is a month behind uses the new price, and accepts no expired key', async t => {
  const [{ url: redisUrl }, { url: databaseUrl }] = await Promise.all([testRedis(t), testDatabase(t)])
  const file = join(await temporaryFolder(t), 'prices.json')
  const dayAgo = (days: number) => new Date(Date.now() - days * DAY).toISOString().slice(0, 10)
  const row = { source: 'https://example.com/prices', checked: dayAgo(0), in: '1' }
  const model = {
    ...{ maker: 'anthropic', kind: 'chat', hidesOutput: false, limitsFrom: 'https://example.com/limits' },
    ...{ contextWindow: 200_000, maxInput: 190_000, maxOutput: 10_000 },
    prices: [
      { ...row, out: '1', from: dayAgo(100) },
      { ...row, out: '1000', from: dayAgo(10) },
    ],
  }
  await writeFile(file, JSON.stringify({ models: { 'claude-new': model } }))
  const env = { PRICES_FILE: file }
  const fleet = await startFleet(t, { redisUrl, databaseUrl, size: 1, env })
  const behind = await fleet.start(skewedBy(-30 * DAY))
  const key = await fleet.client('frontend', { budget: { day: 0.001 } })
  const send = async (gateway: { url: string }, by: string) => {
    const response = await fetch(`${gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-api-key': by },
      body: JSON.stringify(message('what it may cost', { model: 'claude-new' })),
    })
    const { error } = (await response.json()) as { error: { details: Record<string, unknown> } }
    return { status: response.status, estimated: error.details.estimated_usd }
  }

  const right = await send(fleet.gateways[0]!, key)
  assert.equal(right.status, 402)
  assert.ok(Number(right.estimated) > 0.05, `${right.estimated}`)
  assert.deepEqual(await send(behind, key), right)

  const expiresAt = new Date(Date.now() + 3000).toISOString()
  const made = await fleet.admin('POST', '/clients/frontend/keys', { expiresAt }, behind)
  assert.equal(made.status, 201)
  await until(async () => (await send(fleet.gateways[0]!, String(made.body.key))).status === 403)
  assert.equal((await send(behind, String(made.body.key))).status, 403)
  const keys = await fleet.admin('GET', '/clients/frontend/keys', undefined, behind)
  assert.deepEqual(
    (keys.body.keys as { status: string }[]).map(({ status }) => status),
    ['expired', 'active'],
  )
  const late = await fleet.admin('POST', '/clients/frontend/keys', { expiresAt }, behind)
  assert.equal(late.status, 400, 'it is over by now')

  const { value } = (await scrape(behind.url)).samples.find(
    ({ name }) => name === 'tollgate_clock_offset_seconds',
  )!
  assert.ok(Math.abs(value + (30 * DAY) / 1000) < 5, `${value}`)
  const warned = ({ lines }: { lines: Line[] }) =>
    lines.filter(({ msg }) => msg.includes('clock of this machine differs'))
  assert.equal(warned(behind).length, 1)
  assert.deepEqual(warned(fleet.gateways[0]!), [])
})

test('a gateway whose clock is years ahead prunes no month of the ledger early', async t => {
  const [{ url: redisUrl }, { url: databaseUrl }] = await Promise.all([testRedis(t), testDatabase(t)])
  const fleet = await startFleet(t, { redisUrl, databaseUrl, size: 1 })
  const key = await fleet.client('frontend', {})
  const pool = openPool(t, databaseUrl)
  const body = JSON.stringify(message('to be kept'))
  const [call] = drawCalls({ random: randomFrom(1), clients: ['frontend'], count: 1 })
  await attempt(fleet.gateways[0]!.url, key, { ...call!, body, leaves: undefined })
  await allQuiet(fleet)
  await pool.query("select ensure_calls_month('2020-01-01')")

  await fleet.start(skewedBy(800 * DAY))

  // A month that is too old goes: this shows that the gateway has pruned.
  await until(
    async () => (await pool.query("select to_regclass('calls_2020_01') as old")).rows[0].old === null,
  )
  assert.equal((await pool.query('select from calls')).rowCount, 1)
})
