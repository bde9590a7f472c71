import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Entry } from '../../src/ledger/call-record.ts'
import { countRefusals, createRefusalCounter, readRefusals } from '../../src/ledger/refusals.ts'
import { findRefused, readRefused, readRefusedOverTime } from '../../src/ledger/refused.ts'
import { fixture } from './fixture.ts'

const refused: Entry = {
  ...{ reqId: 'req_1', clientId: 'c1', client: 'frontend', teamId: 't1', team: 'web', key: 'tg_12345678' },
  ...{
    route: '/v1/messages',
    model: 'claude-haiku-4-5',
    upstream: undefined,
    upstreamModel: undefined,
    attempts: 1,
    tried: undefined,
    status: 429,
    outcome: 'refused',
  },
  ...{ stream: false, cache: undefined, latencyMs: 1, ttftMs: undefined, upstreamMs: undefined },
  ...{
    inputTokens: 0,
    cacheReadTokens: 0,
    cacheWriteTokens: 0,
    outputTokens: 0,
    costNanos: 0,
    savedNanos: 0,
  },
  ...{
    estimated: false,
    estimate: undefined,
    unbounded: undefined,
    priceVersion: undefined,
    error: 'too fast',
    refusal: 'rate_limited',
    scope: 'client:frontend',
  },
}
const unauthenticated: Entry = {
  ...refused,
  clientId: undefined,
  client: undefined,
  refusal: 'invalid_key',
  scope: undefined,
}
const minute = Date.parse('2026-11-23T10:00:00Z')
const [from, to] = ['2026-11-23T00:00:00Z', '2026-11-24T00:00:00Z']

test('a thousand refusals of a kind are one row a minute, with a few samples', async t => {
  const { pool } = await fixture(t)
  for (const replica of [1, 2]) {
    const counter = createRefusalCounter(100)
    for (let i = 0; i < 500; i++) counter.count({ ...refused, reqId: `req_${replica}_${i}` }, minute + i)
    await countRefusals(pool, counter.take())
  }
  const { rows } = await pool.query('select minute, count from refusals')
  assert.deepEqual(rows, [{ minute: new Date(minute), count: '1000' }])
  const [row] = await readRefusals(pool, from, to, 10)
  assert.deepEqual(
    row?.samples.map(({ reqId }) => reqId),
    [0, 1, 2, 3, 4].map(i => `req_1_${i}`),
  )
})

test('refusals are listed by client and reason in descending order', async t => {
  const { pool } = await fixture(t)
  const counter = createRefusalCounter(100)
  counter.count(refused, minute)
  counter.count(unauthenticated, minute)
  counter.count(unauthenticated, minute + 60_000)
  counter.count({ ...unauthenticated, refusal: 'missing_key' }, Date.parse(to))
  await countRefusals(pool, counter.take())
  const rows = await readRefusals(pool, from, to, 10)
  assert.deepEqual(
    rows.map(({ samples, ...row }) => row),
    [
      {
        ...{ client: null, clientId: null, reason: 'invalid_key', scope: null, count: 2 },
        ...{ firstAt: '2026-11-23T10:00:00.000Z', lastAt: '2026-11-23T10:01:00.000Z' },
      },
      {
        ...{ client: 'frontend', clientId: 'c1', reason: 'rate_limited', scope: 'client:frontend', count: 1 },
        ...{ firstAt: '2026-11-23T10:00:00.000Z', lastAt: '2026-11-23T10:00:00.000Z' },
      },
    ],
  )
})

test('unauthenticated requests cannot make the number or length of samples grow', async t => {
  const { pool } = await fixture(t)
  const counter = createRefusalCounter(2)
  for (let i = 0; i < 10; i++)
    counter.count({ ...unauthenticated, model: `\0\ud800${i}`.repeat(10_000) }, minute)
  counter.count({ ...unauthenticated, refusal: 'not_found' }, minute)
  counter.count({ ...unauthenticated, refusal: 'request_too_large' }, minute)
  assert.equal(counter.uncounted, 1)
  await countRefusals(pool, counter.take())
  const { rows } = await pool.query(
    'select sum(count)::int as count, max(length(samples::text)) as size from refusals',
  )
  assert.equal(rows[0].count, 11)
  assert.ok(rows[0].size < 5000)
})

test('counts that could not be written are written the next time', async t => {
  const { pool } = await fixture(t)
  const counter = createRefusalCounter(100)
  counter.count(refused, minute)
  const batch = counter.take()
  counter.count(refused, minute)
  counter.putBack(batch)
  await countRefusals(pool, counter.take())
  assert.equal((await readRefusals(pool, from, to, 10))[0]?.count, 2)
})

test('refusals by time have a step that fits the period', async t => {
  const { pool } = await fixture(t)
  const counter = createRefusalCounter(100)
  for (const at of [0, 30, 90]) counter.count(refused, minute + at * 60_000)
  counter.count(unauthenticated, minute + 60_000)
  await countRefusals(pool, counter.take())
  const day: [Date, Date] = [new Date(from), new Date(to)]
  const [ten, eleven] = ['2026-11-23T10:00:00.000Z', '2026-11-23T11:00:00.000Z']
  assert.deepEqual(await readRefusedOverTime(pool, day, {}), [
    { at: ten, reason: 'invalid_key', count: 1 },
    { at: ten, reason: 'rate_limited', count: 2 },
    { at: eleven, reason: 'rate_limited', count: 1 },
  ])
  assert.deepEqual(await readRefusedOverTime(pool, day, { clientIds: ['c1'], reason: 'rate_limited' }), [
    { at: ten, reason: 'rate_limited', count: 2 },
    { at: eleven, reason: 'rate_limited', count: 1 },
  ])
  const hour: [Date, Date] = [new Date(minute), new Date(minute + 3_600_000)]
  assert.deepEqual(
    (await readRefusedOverTime(pool, hour, { clientIds: ['c1'] })).map(({ at }) => at),
    [ten, '2026-11-23T10:30:00.000Z'],
  )
})

test('samples of refused calls are listed in descending order of time, and found by their request id', async t => {
  const { pool } = await fixture(t)
  const counter = createRefusalCounter(100)
  counter.count({ ...refused, reqId: 'req_old' }, minute)
  counter.count({ ...unauthenticated, reqId: 'req_new' }, minute + 1000)
  await countRefusals(pool, counter.take())
  const latest = await readRefused(pool, [new Date(from), new Date(to)], {}, 10)
  assert.deepEqual(
    latest.map(({ sample }) => sample.reqId),
    ['req_new', 'req_old'],
  )
  const found = await findRefused(pool, 'req_old')
  assert.equal(found?.reason, 'rate_limited')
  assert.equal(found?.sample.error, 'too fast')
  assert.equal(await findRefused(pool, 'req_other'), undefined)
})
