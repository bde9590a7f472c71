import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { outcomes } from '../../src/ledger/call-record.ts'
import { prune } from '../../src/ledger/prune.ts'
import { createRecorder } from '../../src/ledger/record.ts'
import { groups } from '../../src/ledger/responses.ts'
import { type Group, readUsage } from '../../src/ledger/usage.ts'
import { asRead, type Facts, type Fixture, fixture, noon } from './fixture.ts'

const record = ({ pool }: Fixture, entries: Facts[]) => createRecorder(pool)(entries.map(asRead))

const november = { from: '2026-11-01', to: '2026-12-01' }

const call = fc.record({
  id: fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'),
  seq: fc.constantFrom<0 | 1>(0, 0, 1),
  at: fc.constantFrom(noon('2026-10-31'), noon('2026-11-01'), noon('2026-11-30'), noon('2026-12-01')),
  nanos: fc.integer({ min: -1_000_000, max: 9_000_000_000_000 }),
  data: fc.record(
    {
      clientId: fc.constantFrom('c1', 'c2', 'c3'),
      teamId: fc.constantFrom('t1', 't2', undefined),
      model: fc.constantFrom('claude-haiku-4-5', 'gpt-6-luna', undefined),
      outcome: fc.constantFrom(...outcomes),
      inputTokens: fc.nat(),
      outputTokens: fc.nat(),
      cacheReadTokens: fc.nat(),
      cacheWriteTokens: fc.nat(),
      savedNanos: fc.nat(),
    },
    { requiredKeys: ['clientId', 'teamId', 'model', 'outcome'] },
  ),
})

test('the sums equal the sums of the rows for any entries and batches', async t => {
  const at = await fixture(t)
  await fc.assert(
    fc.asyncProperty(fc.array(fc.array(call, { maxLength: 8 }), { maxLength: 4 }), async batches => {
      await at.pool.query('truncate calls, usage_daily')
      for (const batch of batches) await record(at, batch)
      const { rows } = await at.pool.query(`
        select 'kept' as side, client_id, day::text, team_id, model, calls, lost, ok, input_tokens, output_tokens,
               cache_read_tokens, cache_write_tokens, cost_nanos, saved_nanos from usage_daily
        union all
        select 'made', client_id, day::text, coalesce(team_id, ''), coalesce(model, ''), count(*) filter (where seq = 0),
               count(*) filter (where outcome = 'lost') - count(*) filter (where seq = 1),
               count(*) filter (where outcome = 'ok'), sum(input_tokens), sum(output_tokens),
               sum(cache_read_tokens), sum(cache_write_tokens), sum(cost_nanos), sum(saved_nanos)
        from calls group by client_id, day, team_id, model
        order by client_id, day, team_id, model, side`)
      const side = (name: string) => rows.flatMap(({ side, ...row }) => (side === name ? [row] : []))
      assert.deepEqual(side('kept'), side('made'))
    }),
    { seed: 20261123, numRuns: 60 },
  )
})

const calls: Facts[] = [
  { id: '1', at: noon('2026-11-01'), nanos: 1_000_000_000, data: { inputTokens: 10, outputTokens: 1 } },
  { id: '2', at: noon('2026-11-02'), nanos: 2_000_000_000, data: { inputTokens: 20, outputTokens: 2 } },
  { id: '3', at: noon('2026-11-02'), nanos: 0, data: { outcome: 'cached', savedNanos: 500_000_000 } },
  {
    id: '4',
    at: noon('2026-11-02'),
    nanos: 4_000_000_000,
    data: { clientId: 'c2', client: 'batch', teamId: undefined, team: undefined },
  },
  { id: '5', at: noon('2026-12-01'), nanos: 9_000_000_000 },
]

async function used(t: TestContext, by: Group[], period = november, limit = 100) {
  const at = await fixture(t)
  await record(at, calls)
  return readUsage(at.pool, period, by, limit)
}

test('usage without groups is one total', async t => {
  assert.deepEqual(await used(t, []), {
    rows: [],
    total: {
      ...{ calls: 4, outcomes: { ok: 3, cached: 1 }, inputTokens: 30, outputTokens: 3 },
      ...{ cacheReadTokens: 0, cacheWriteTokens: 0, costUsd: 7, savedUsd: 0.5 },
    },
    more: false,
  })
})

test('usage by client and team has both names, in descending order of cost', async t => {
  const { rows } = await used(t, ['client', 'team'])
  assert.deepEqual(
    rows.map(({ client, clientId, team, teamId, costUsd }) => ({ client, clientId, team, teamId, costUsd })),
    [
      { client: 'batch', clientId: 'c2', team: null, teamId: null, costUsd: 4 },
      { client: 'frontend', clientId: 'c1', team: 'web', teamId: 't1', costUsd: 3 },
    ],
  )
})

test('usage by day is in the order of days', async t => {
  const { rows } = await used(t, ['day'])
  assert.deepEqual(
    rows.map(({ day, costUsd }) => [day, costUsd]),
    [
      ['2026-11-01', 1],
      ['2026-11-02', 6],
    ],
  )
})

test('the total includes the groups above the limit', async t => {
  const { rows, total, more } = await used(t, ['client', 'day'], november, 2)
  assert.deepEqual([rows.length, total.costUsd, more], [2, 7, true])
})

test('usage can have all groups at once', async t => {
  const { rows } = await used(t, [...groups])
  assert.equal(rows.length, 3)
  assert.equal(
    rows.reduce((sum, { costUsd }) => sum + costUsd, 0),
    7,
  )
})

test('a renamed client is one group with its last name', async t => {
  const at = await fixture(t)
  await record(at, [
    { id: '1', at: noon('2026-11-01'), data: { client: 'old' } },
    { id: '2', at: noon('2026-11-03'), data: { client: 'new' } },
    { id: '3', at: noon('2026-11-02'), data: { client: 'old' } },
  ])
  const { rows } = await readUsage(at.pool, november, ['client'], 10)
  assert.deepEqual(
    rows.map(({ client, calls }) => [client, calls]),
    [['new', 3]],
  )
})

test('a period without calls has zeros', async t => {
  const { total, rows } = await used(t, ['client'], { from: '2020-01-01', to: '2020-02-01' })
  assert.deepEqual([total.calls, total.costUsd, rows], [0, 0, []])
})

test('pruning drops whole months of rows and keeps every sum', async t => {
  const at = await fixture(t)
  await record(at, [
    { id: 'old', at: noon('2025-09-30'), nanos: 7 },
    { id: 'edge', at: noon('2025-10-01'), nanos: 8 },
    { id: 'new', at: noon('2026-11-20'), nanos: 9 },
  ])
  const pruned = await prune(at.pool, 400, new Date('2026-11-23T00:00:00Z'))
  assert.deepEqual(pruned, { partitions: ['calls_2025_09'], refusals: 0 })
  const { rows } = await at.pool.query('select id from calls order by id')
  assert.deepEqual(rows, [{ id: 'edge' }, { id: 'new' }])
  const { total } = await readUsage(at.pool, { from: '2025-01-01', to: '2027-01-01' }, [], 1)
  assert.deepEqual([total.calls, total.costUsd], [3, 24e-9])
})

test('an entry of a pruned month is recorded', async t => {
  const at = await fixture(t)
  const recorder = createRecorder(at.pool)
  const entry = (id: string) => asRead({ id, at: noon('2025-01-31') })
  await recorder([entry('before')])
  await prune(at.pool, 400, new Date('2026-11-23T00:00:00Z'))
  await assert.rejects(recorder([entry('late')]), /does not exist/)
  assert.equal((await recorder([entry('late')])).inserted, 1)
})

test('usage by the hour is the sum of its calls, each at the hour of its admission', async t => {
  const at = await fixture(t)
  const [noonHour, next] = ['2026-11-20T12:00:00Z', '2026-11-20T13:00:00Z']
  await record(at, [
    { id: '1', at: Date.parse(noonHour), nanos: 1_000_000_000 },
    { id: '2', at: Date.parse(next) - 1, nanos: 2_000_000_000 },
    { id: '3', at: Date.parse(next), nanos: 4_000_000_000 },
    { id: '4', at: noon('2026-11-21'), nanos: 8_000_000_000 },
  ])
  const { rows, total } = await readUsage(at.pool, { from: '2026-11-20', to: '2026-11-21' }, ['hour'], 10)
  assert.deepEqual(
    rows.map(({ hour, calls, costUsd }) => [hour, calls, costUsd]),
    [
      [noonHour, 2, 3],
      [next, 1, 4],
    ],
  )
  assert.equal(total.costUsd, 7)
})

test('the largest groups have their own rows, one row sums all others, and the total is the same', async t => {
  const at = await fixture(t)
  const spent = [9, 5, 7, 1, 4]
  await record(
    at,
    spent.map((dollars, i) => ({
      id: String(i),
      at: noon('2026-11-02'),
      nanos: dollars * 1e9,
      data: { clientId: `c${i}`, client: `name-${i}`, teamId: `t${i % 2}`, inputTokens: 10 - dollars },
    })),
  )
  const rowsOf = ({ rows }: Awaited<ReturnType<typeof readUsage>>) =>
    rows.map(({ client, others, costUsd }) => [client, others, costUsd])
  const top = await readUsage(at.pool, november, ['day', 'client'], 10, { top: 2 })
  assert.deepEqual(rowsOf(top), [
    [null, true, 10],
    ['name-0', undefined, 9],
    ['name-2', undefined, 7],
  ])
  assert.equal(top.total.costUsd, 26)
  const byTokens = await readUsage(at.pool, november, ['client'], 10, { top: 1, rank: 'tokens' })
  assert.deepEqual(rowsOf(byTokens), [
    [null, true, 25],
    ['name-3', undefined, 1],
  ])
  const ofTeam = await readUsage(at.pool, november, ['client'], 10, { teamIds: ['t1'] })
  assert.deepEqual(rowsOf(ofTeam), [
    ['name-1', undefined, 5],
    ['name-3', undefined, 1],
  ])
  assert.equal(ofTeam.total.costUsd, 6)
  const ofClient = await readUsage(at.pool, november, [], 10, { clientIds: ['c2'] })
  assert.equal(ofClient.total.costUsd, 7)
})
