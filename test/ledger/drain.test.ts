import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { setTimeout } from 'node:timers/promises'
import { createRecorder } from '../../src/ledger/record.ts'
import { createGroup, readGroup } from '../../src/ledger/stream.ts'
import { migrate } from '../../src/start/migrate.ts'
import { ownPostgres, ownRedis, testDatabase, testRedis } from '../servers.ts'
import { until } from '../until.ts'
import { asRead, connect, drained, drainOf, type Facts, fixture, noon, one, write } from './fixture.ts'

const calls = (count: number, from = 0): Facts[] =>
  Array.from({ length: count }, (_, i) => ({ id: `call-${from + i}`, nanos: from + i }))

const totals = 'select count(*)::int as rows, sum(cost_nanos)::int as nanos from calls'
const sums = 'select sum(calls)::int as rows, sum(cost_nanos)::int as nanos from usage_daily'

function stopAtEnd(t: TestContext, ...drains: { stop(limitMs: number): Promise<void> }[]) {
  t.after(() => Promise.all(drains.map(drain => drain.stop(5000))))
}

test('two replicas that drain at once write each call once', async t => {
  const at = await fixture(t)
  await write(at, ...calls(2000))
  stopAtEnd(t, drainOf(at, { batch: 50 }), drainOf(at, { batch: 50 }))
  await drained(at)
  const expected = { rows: 2000, nanos: (2000 * 1999) / 2 }
  assert.deepEqual(await one(at.pool, totals), expected)
  assert.deepEqual(await one(at.pool, sums), expected)
})

test('a row has the values of its entry in every column', async t => {
  const at = await fixture(t)
  const data = {
    outcome: 'client_gone',
    status: 499,
    stream: true,
    latencyMs: 1234.5,
    inputTokens: 7,
    estimated: true,
  }
  await write(at, { id: 'call', at: noon('2026-11-20'), nanos: 9_007_199_254_740_991, held: 12, data })
  stopAtEnd(t, drainOf(at))
  await drained(at)
  const { recorded_at, position, ...row } = await one(at.pool, 'select *, day::text as day from calls')
  assert.deepEqual(row, {
    ...{ id: 'call', seq: 0, day: '2026-11-20', at: new Date('2026-11-20T12:00:00Z') },
    ...{ cost_nanos: '9007199254740991', held_nanos: '12', saved_nanos: '0' },
    ...{ client_id: 'c1', client: 'frontend', team_id: 't1', team: 'web', key: null, route: null },
    ...{
      model: 'claude-haiku-4-5',
      upstream: null,
      status: 499,
      outcome: 'client_gone',
      stream: true,
      cache: null,
    },
    ...{ latency_ms: 1234.5, ttft_ms: null, upstream_ms: null, input_tokens: '7', output_tokens: '0' },
    ...{ cache_read_tokens: '0', cache_write_tokens: '0', estimated: true, price_version: null },
    ...{ error: null, refusal: null, scope: null, estimate: null, unbounded: null },
    ...{ upstream_model: null, attempts: null, tried: null },
  })
})

test('a consumer killed between its insert and its acknowledgement counts nothing twice', async t => {
  const at = await fixture(t)
  await createGroup(at.redis)
  await write(at, ...calls(30))
  const held = await readGroup(at.redis, 'killed', '>', 20)
  await createRecorder(at.pool)(held)
  stopAtEnd(t, drainOf(at, { abandonedAfterMs: 50 }))
  await drained(at)
  const expected = { rows: 30, nanos: (30 * 29) / 2 }
  assert.deepEqual(await one(at.pool, totals), expected)
  assert.deepEqual(await one(at.pool, sums), expected)
})

test('a live replica whose entries are claimed writes nothing twice', async t => {
  const at = await fixture(t)
  await write(at, ...calls(500))
  const greedy = { batch: 10, abandonedAfterMs: 1 }
  stopAtEnd(t, drainOf(at, greedy), drainOf(at, greedy), drainOf(at, greedy))
  await drained(at)
  assert.deepEqual(await one(at.pool, sums), { rows: 500, nanos: (500 * 499) / 2 })
})

test('an unreadable entry goes to quarantine unchanged, and blocks no other entry', async t => {
  const at = await fixture(t)
  await at.redis.xadd('{tollgate}:ledger', '*', 'id', 'nonsense', 'data', '{"half')
  await write(at, { id: 'negative', data: { inputTokens: -1 } })
  await write(at, { id: 'undatable', at: -5 })
  await write(at, { id: 'overflowing', data: { status: 2.5 } })
  await write(at, ...calls(5))
  stopAtEnd(t, drainOf(at))
  await drained(at)
  assert.equal((await one(at.pool, totals)).rows, 5)
  const { rows } = await at.pool.query(`select fields->>'id' as id from ledger_quarantine order by stream_id`)
  assert.deepEqual(
    rows.map(({ id }) => id),
    ['nonsense', 'negative', 'undatable', 'overflowing'],
  )
})

test('an entry that Postgres refuses is found in its batch and goes to quarantine', async t => {
  const at = await fixture(t)
  await write(at, ...calls(20), { id: 'odd', data: { latencyMs: 1e300 } }, ...calls(20, 20))
  stopAtEnd(t, drainOf(at))
  await drained(at)
  assert.equal((await one(at.pool, totals)).rows, 40)
  assert.equal((await one(at.pool, 'select count(*)::int as n from ledger_quarantine')).n, 1)
})

test('a batch with a recorded call, and with a call twice, is counted once', async t => {
  const at = await fixture(t)
  await createRecorder(at.pool)([asRead({ id: 'call-3', nanos: 3 })])
  await write(at, ...calls(10), ...calls(5))
  stopAtEnd(t, drainOf(at))
  await drained(at)
  const expected = { rows: 10, nanos: (10 * 9) / 2 }
  assert.deepEqual(await one(at.pool, totals), expected)
  assert.deepEqual(await one(at.pool, sums), expected)
})

test('sums that a double cannot represent are exact', async t => {
  const at = await fixture(t)
  const amounts = [
    999_999_999_999_999_999n,
    -999_999_999_999_999_998n,
    9_007_199_254_740_991n,
    9_007_199_254_740_991n,
    1n,
  ]
  await createRecorder(at.pool)(
    amounts.map((nanos, i) => {
      const { streamId, fields } = asRead({ id: `call-${i}` }, i)
      return { streamId, fields: { ...fields, nanos: String(nanos) } }
    }),
  )
  const sum = String(amounts.reduce((total, nanos) => total + nanos, 0n))
  assert.deepEqual(await one(at.pool, 'select sum(cost_nanos)::text as nanos from usage_daily'), {
    nanos: sum,
  })
  assert.deepEqual(await one(at.pool, 'select sum(cost_nanos)::text as nanos from calls'), { nanos: sum })
})

test('the times of a batch keep their milliseconds, whatever their order', async t => {
  const at = await fixture(t)
  const texts = [
    '2026-11-20T23:59:59.999Z',
    '2026-11-21T00:00:00.000Z',
    '2026-11-20T23:59:59.009Z',
    '2024-02-29T07:08:09.010Z',
  ]
  await createRecorder(at.pool)(texts.map((text, i) => asRead({ id: `call-${i}`, at: Date.parse(text) }, i)))
  const { rows } = await at.pool.query('select at, day::text from calls order by id')
  assert.deepEqual(
    rows.map(row => [row.at.toISOString(), row.day]),
    texts.map(text => [text, text.slice(0, 10)]),
  )
})

test('a text with the special characters of COPY is stored unchanged', async t => {
  const at = await fixture(t)
  const odd = { error: 'tab\t, line\r\n, \\N and \\', model: '\\N', scope: '\\.' }
  await write(at, { id: '\\.', data: odd })
  stopAtEnd(t, drainOf(at))
  await drained(at)
  assert.deepEqual(await one(at.pool, 'select id, error, model, scope from calls'), { id: '\\.', ...odd })
})

test('a text that Postgres cannot store does not lose the charge', async t => {
  const at = await fixture(t)
  await write(at, { id: 'nul', data: { error: 'a\0b', model: '\ud800' } })
  stopAtEnd(t, drainOf(at))
  await drained(at)
  assert.deepEqual(await one(at.pool, 'select error, model from calls'), {
    error: 'a\ufffdb',
    model: '\ufffd',
  })
})

test('a late correction is a separate row in the window of its call', async t => {
  const at = await fixture(t)
  stopAtEnd(t, drainOf(at))
  await write(at, { id: 'slow', at: noon('2026-10-31'), nanos: 900, data: { outcome: 'lost' } })
  await drained(at)
  await write(at, {
    id: 'slow',
    seq: 1,
    at: noon('2026-10-31'),
    nanos: -650,
    data: { outcome: 'ok', outputTokens: 5 },
  })
  await drained(at)
  assert.equal((await one(at.pool, totals)).nanos, 250)
  assert.deepEqual(
    await one(at.pool, 'select day::text, calls, ok, lost, output_tokens, cost_nanos from usage_daily'),
    { day: '2026-10-31', calls: '1', ok: '1', lost: '0', output_tokens: '5', cost_nanos: '250' },
  )
})

test('each replica can create the partition of a new month', async t => {
  const at = await fixture(t)
  const months = ['2025-01', '2026-02', '2026-11', '2026-12', '2027-01']
  await write(at, ...months.map((month, i) => ({ id: `call-${i}`, at: noon(`${month}-28`) })))
  const drains = [1, 2, 3, 4, 5].map(() => drainOf(at, { batch: 1 }))
  stopAtEnd(t, ...drains)
  await drained(at)
  assert.equal((await one(at.pool, totals)).rows, 5)
  assert.equal(
    (await one(at.pool, `select count(*)::int as n from pg_inherits where inhparent = 'calls'::regclass`)).n,
    5,
  )
})

test('a drain that stops writes the remaining entries and leaves the group', async t => {
  const at = await fixture(t)
  await write(at, ...calls(30))
  const drain = drainOf(at, { batch: 10, gatherMs: 60_000 })
  await write(at, ...calls(25, 30))
  await drain.stop(10_000)
  assert.equal((await one(at.pool, totals)).rows, 55)
  const consumers = await at.redis.xinfo('CONSUMERS', '{tollgate}:ledger', 'postgres')
  assert.deepEqual(consumers, [])
})

test('a drain that is woken moves entries at once, and else only after its interval', async t => {
  const at = await fixture(t)
  const drain = drainOf(at, { lookEveryMs: 60_000 })
  stopAtEnd(t, drain)
  await until(async () => {
    await write(at, { id: 'first' })
    drain.wake()
    return (await one(at.pool, totals)).rows === 1
  })
  await drained(at)

  await write(at, { id: 'second' })
  await setTimeout(200)
  assert.equal((await one(at.pool, totals)).rows, 1)
  drain.wake()
  await drained(at)
  assert.equal((await one(at.pool, totals)).rows, 2)
})

test('batches that are read while others are written move each entry once, also after a failure', async t => {
  const at = await fixture(t)
  const record = createRecorder(at.pool)
  let writes = 0
  await write(at, ...calls(1000))
  const drain = drainOf(at, {
    batch: 20,
    async record(entries) {
      writes++
      if (writes % 7 === 3) throw new Error('Postgres is away')
      const recorded = await record(entries)
      if (writes % 7 === 5) throw new Error('the reply of Postgres was lost')
      return recorded
    },
  })
  stopAtEnd(t, drain)
  await drained(at)
  const expected = { rows: 1000, nanos: (1000 * 999) / 2 }
  assert.deepEqual(await one(at.pool, totals), expected)
  assert.deepEqual(await one(at.pool, sums), expected)
})

test('Postgres stops and comes back: entries wait, and none is lost or doubled', async t => {
  const [{ url }, postgres] = await Promise.all([testRedis(t), ownPostgres(t)])
  await migrate(postgres.url)
  const at = await connect(t, url, postgres.url)
  stopAtEnd(t, drainOf(at, { batch: 20 }), drainOf(at, { batch: 20 }))
  await write(at, ...calls(200))
  await until(async () => (await one(at.pool, totals)).rows !== 0)
  await postgres.stop()
  await write(at, ...calls(200, 200))
  await postgres.start()
  await drained(at)
  const expected = { rows: 400, nanos: (400 * 399) / 2 }
  assert.deepEqual(await one(at.pool, totals), expected)
  assert.deepEqual(await one(at.pool, sums), expected)
})

test('the drain continues after Redis is killed, and after it loses its data', async t => {
  const [redis, { url }] = await Promise.all([
    ownRedis(t, { args: ['--appendfsync', 'always'] }),
    testDatabase(t),
  ])
  const at = await connect(t, redis.url, url)
  stopAtEnd(t, drainOf(at, { batch: 20 }))
  await write(at, ...calls(200))
  await redis.kill9()
  await redis.restart()
  await drained(at)
  await at.redis.flushall()
  await write(at, ...calls(10, 200))
  await drained(at)
  const expected = { rows: 210, nanos: (210 * 209) / 2 }
  assert.deepEqual(await one(at.pool, totals), expected)
  assert.deepEqual(await one(at.pool, sums), expected)
})
