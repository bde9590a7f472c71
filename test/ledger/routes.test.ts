import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import Fastify from 'fastify'
import { ledgerRoutes } from '../../src/admin/ledger-routes.ts'
import { createRecorder } from '../../src/ledger/record.ts'
import admin from '../../src/plugins/admin.ts'
import clock from '../../src/plugins/clock.ts'
import health from '../../src/plugins/health.ts'
import jobs from '../../src/plugins/jobs.ts'
import ledger from '../../src/plugins/ledger.ts'
import lifecycle from '../../src/plugins/lifecycle.ts'
import money from '../../src/plugins/money.ts'
import postgres from '../../src/plugins/postgres.ts'
import redis from '../../src/plugins/redis.ts'
import { testDatabase, testRedis } from '../servers.ts'
import { until } from '../until.ts'
import { asRead, type Facts, noon } from './fixture.ts'

const token = 'administrator-of-tests'

/** The possible fields of these responses. */
interface Body extends Record<string, unknown> {
  calls: { id: string; seq: number }[]
  rows: Record<string, unknown>[]
  total: { costUsd: number }
  from: string
  to: string
  errors: [{ field: string; detail: string }]
}

interface AdminResponse {
  status: number
  body: Body
}

/** The administration with a ledger that has these calls. */
async function administration(t: TestContext, calls: Facts[] = []) {
  const [{ url: redisUrl }, { url: databaseUrl }] = await Promise.all([testRedis(t), testDatabase(t)])
  const app = Fastify()
  t.after(() => app.close())
  await app.register(lifecycle)
  await app.register(jobs)
  await app.register(health)
  await app.register(redis, { url: redisUrl })
  await app.register(money)
  await app.register(clock)
  await app.register(postgres, { url: databaseUrl })
  await app.register(ledger, { redisUrl, gatherMs: 5 })
  await app.register(admin, { token: () => token, routes: [ledgerRoutes] })
  await app.ready()
  await app.migrated
  const record = createRecorder(app.pg)
  const write = (entries: Facts[], from = 0) => record(entries.map((entry, i) => asRead(entry, from + i)))
  await write(calls)
  const get = async (url: string): Promise<AdminResponse> => {
    const response = await app.inject({ url: `/admin${url}`, headers: { authorization: `Bearer ${token}` } })
    return { status: response.statusCode, body: response.json<Body>() }
  }
  return { app, get, write, redisUrl, databaseUrl }
}

const ids = ({ body }: AdminResponse) => body.calls.map(({ id, seq }) => `${id}/${seq}`)

const calls: Facts[] = [
  { id: 'a', at: noon('2026-10-31'), nanos: 1 },
  { id: 'b', at: noon('2026-11-01'), nanos: 2_500_000, data: { model: 'gpt-6-luna' } },
  { id: 'c', at: noon('2026-11-20'), nanos: 5_000_000, data: { outcome: 'lost' } },
  { id: 'c', seq: 1, at: noon('2026-11-20'), nanos: -4_000_000, data: { outcome: 'ok' } },
  { id: 'd', at: noon('2026-11-21'), data: { clientId: 'c2', client: 'batch' } },
]

test('calls are listed newest first, a correction before its charge', async t => {
  const { get } = await administration(t, calls)
  const response = await get('/calls')
  assert.deepEqual(ids(response), ['d/0', 'c/1', 'c/0', 'b/0', 'a/0'])
  assert.equal(response.body.next, undefined)
})

test('a call in a response has the names of the log, money in US dollars and time in RFC 3339', async t => {
  const data = { inputTokens: 7, latencyMs: 12.5, savedNanos: 1_000_000_000, stream: false, status: 200 }
  const { get } = await administration(t, [{ id: 'a', nanos: 3_500_000, held: 4_000_000, data }])
  const { body } = await get('/calls')
  assert.deepEqual(body.calls, [
    {
      ...{ id: 'a', seq: 0, at: '2026-11-20T12:00:00.000Z', costUsd: 0.0035, heldUsd: 0.004, savedUsd: 1 },
      ...{ clientId: 'c1', client: 'frontend', teamId: 't1', team: 'web', model: 'claude-haiku-4-5' },
      ...{ status: 200, outcome: 'ok', stream: false, latencyMs: 12.5, estimated: false },
      ...{ inputTokens: 7, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 0 },
    },
  ])
})

test('a call in the ledger has its estimate and the unbounded mark', async t => {
  const data = {
    outcome: 'client_gone',
    estimated: true,
    estimate: 'input: reported; output: 3.0 s x 240 tokens/s',
    unbounded: true,
  }
  const { get } = await administration(t, [{ id: 'a', nanos: 3_500_000, held: 2_000_000, data }, { id: 'b' }])
  const { rows } = (await get('/calls/a')).body
  assert.partialDeepStrictEqual(rows[0], { ...data, costUsd: 0.0035, heldUsd: 0.002 })
  const [plain] = (await get('/calls/b')).body.rows
  assert.deepEqual([plain?.estimated, plain?.estimate, plain?.unbounded], [false, undefined, undefined])
  const { body } = await get('/usage?from=2026-11-20&to=2026-11-21&by=client')
  assert.deepEqual([body.total.costUsd, body.rows.length], [0.003501, 1])
})

test('calls are found by client, model, outcome and time', async t => {
  const { get } = await administration(t, calls)
  assert.deepEqual(ids(await get('/calls?client=batch')), ['d/0'])
  assert.deepEqual(ids(await get('/calls?client=c1&model=gpt-6-luna')), ['b/0'])
  assert.deepEqual(ids(await get('/calls?client=missing')), [])
  assert.deepEqual(ids(await get('/calls?outcome=lost')), ['c/0'])
  assert.deepEqual(ids(await get('/calls?from=2026-11-01&to=2026-11-21')), ['c/1', 'c/0', 'b/0'])
  assert.deepEqual(ids(await get('/calls?from=2026-11-01T13:00:00%2B01:00&to=2026-11-01T12:00:00.001Z')), [
    'b/0',
  ])
})

test('calls are found by request id, key, status and team, and sorted page by page', async t => {
  const day = (i: number) => noon('2026-11-20') + i * 60_000
  const some: Facts[] = [
    { id: 'a', at: day(1), nanos: 30, data: { key: 'k1', status: 200, latencyMs: 12.3, outputTokens: 7 } },
    { id: 'b', at: day(2), nanos: 50, data: { key: 'k2', status: 404, latencyMs: 1.5, inputTokens: 4 } },
    { id: 'c', at: day(3), nanos: 30, data: { key: 'k1', status: 429, team: 'other', teamId: 't2' } },
    {
      id: 'd',
      at: day(4),
      nanos: 10,
      data: { key: 'k1', status: 503, latencyMs: 900.1, cacheReadTokens: 5 },
    },
    { id: 'old', at: noon('2026-09-01'), nanos: 99, data: { key: 'k1', status: 404 } },
  ]
  const { get } = await administration(t, some)
  const to = '&to=2026-11-21'
  for (const [query, expected] of [
    ['id=b', 'b'],
    ['id=none', ''],
    ['id=b&client=unknown', ''],
    ['key=k1', 'd c a old'],
    ['key=k1&status=5xx', 'd'],
    [`status=404${to}`, 'b'],
    [`status=4xx${to}`, 'c b'],
    [`status=2xx${to}`, 'a'],
    [`team=other${to}`, 'c'],
    [`team=t1${to}`, 'd b a'],
    [`sort=cost${to}`, 'b c a d'],
    [`sort=cost&order=asc${to}`, 'd a c b'],
    [`sort=latency${to}`, 'd a b c'],
    [`sort=input${to}`, 'd b c a'],
    [`sort=output&key=k1${to}`, 'a d c'],
    ['order=asc', 'old a b c d'],
    ['sort=time&order=asc&from=2026-11-01', 'a b c d'],
  ] as const) {
    const shown: string[] = []
    for (let cursor = ''; ; ) {
      const { status, body } = await get(`/calls?${query}&limit=1${cursor}`)
      assert.equal(status, 200, JSON.stringify(body))
      shown.push(...body.calls.map(({ id }) => id))
      if (body.next === undefined) break
      cursor = `&cursor=${body.next}`
    }
    assert.equal(shown.join(' '), expected, query)
  }
  const { next } = (await get(`/calls?sort=cost${to}&limit=1`)).body
  for (const other of ['sort=latency', 'sort=cost&order=asc', 'sort=time', ''])
    assert.equal((await get(`/calls?${other}${to}&cursor=${next}`)).status, 400, other)
})

test('an order or a filter without an index reads at most 31 days', async t => {
  const { app, get } = await administration(t, calls)
  for (const query of ['sort=cost', 'status=404', 'team=web'])
    assert.match(
      (await get(`/calls?${query}&from=2026-09-30&to=2026-11-21`)).body.errors[0].detail,
      /found 52 days up to 2026-11-21T00:00:00.000Z, expected at most 31/,
    )
  assert.deepEqual(ids(await get('/calls?sort=cost&to=2026-11-21')), ['c/0', 'b/0', 'a/0', 'c/1'])
  // New months have the indexes that a search of a large ledger needs.
  const { rows } = await app.pg.query(
    `select indexdef from pg_indexes where tablename = 'calls_2026_11' and indexdef ~ '\\(key, at|\\(at DESC, status'`,
  )
  assert.equal(rows.length, 2)
})

test('a renamed client is found by both names, with all its calls', async t => {
  const { get } = await administration(t, [
    { id: 'before', at: noon('2026-11-01'), data: { client: 'old' } },
    { id: 'after', at: noon('2026-11-02'), data: { client: 'new' } },
  ])
  for (const name of ['old', 'new'])
    assert.deepEqual(ids(await get(`/calls?client=${name}`)), ['after/0', 'before/0'])
})

test('new calls repeat or hide no call on later pages', async t => {
  const at = (i: number) => noon('2026-11-20') + Math.floor(i / 3)
  const old = Array.from({ length: 40 }, (_, i) => ({ id: `old-${i}`, at: at(i) }))
  const { get, write } = await administration(t, old)
  const shown: string[] = []
  let cursor = ''
  for (let page = 0; ; page++) {
    const { body } = await get(`/calls?limit=7${cursor}`)
    shown.push(...body.calls.map(({ id }) => id))
    if (body.next === undefined) break
    cursor = `&cursor=${body.next}`
    const [newer, older] = [noon('2026-11-21') + page, at(page * 7)]
    await write(
      [
        { id: `newer-${page}`, at: newer },
        { id: `late-${page}`, at: older },
      ],
      100 + 2 * page,
    )
  }
  const found = shown.filter(id => id.startsWith('old'))
  assert.equal(new Set(shown).size, shown.length)
  assert.deepEqual(found.toSorted(), old.map(({ id }) => id).toSorted())
})

test('one call has its charge, its correction and their sum', async t => {
  const { get } = await administration(t, calls)
  const { body } = await get('/calls/c')
  assert.equal(body.costUsd, 0.001)
  assert.deepEqual(
    body.rows.map(({ seq, costUsd, outcome }) => ({ seq, costUsd, outcome })),
    [
      { seq: 0, costUsd: 0.005, outcome: 'lost' },
      { seq: 1, costUsd: -0.004, outcome: 'ok' },
    ],
  )
  const missing = await get('/calls/unknown')
  assert.deepEqual([missing.status, missing.body.status], [404, 404])
})

test('usage has the requested groups and its days', async t => {
  const { get } = await administration(t, calls)
  const { body } = await get('/usage?by=day,client&from=2026-10-31&to=2026-11-21T00:00:00Z')
  assert.deepEqual([body.from, body.to, body.by], ['2026-10-31', '2026-11-21', ['client', 'day']])
  assert.deepEqual(
    body.rows.map(({ day, client, costUsd, calls }) => [day, client, costUsd, calls]),
    [
      ['2026-10-31', 'frontend', 1e-9, 1],
      ['2026-11-01', 'frontend', 0.0025, 1],
      ['2026-11-20', 'frontend', 0.001, 1],
    ],
  )
  assert.equal(body.total.costUsd, 0.003500001)
  const ofClient = (client: string) => get(`/usage?client=${client}&from=2026-10-31&to=2026-11-21`)
  assert.equal((await ofClient('frontend')).body.total.costUsd, 0.003500001)
  assert.equal((await ofClient('another')).body.total.costUsd, 0)
  assert.equal((await get('/usage?team=another&from=2026-10-31&to=2026-11-21')).body.total.costUsd, 0)
})

test('usage has the current month by default', async t => {
  const { get } = await administration(t)
  const { body } = await get('/usage')
  const month = new Date().toISOString().slice(0, 8)
  assert.equal(body.from, `${month}01`)
  assert.match(body.to, /^\d{4}-\d{2}-01$/)
  assert.ok(body.to > body.from)
  assert.deepEqual([body.rows, body.refusals, body.more], [[], [], false])
})

test('verify returns 200 without a difference, and 409 with each difference', async t => {
  const { app, get } = await administration(t)
  await until(async () => (await get('/verify')).status !== 503)
  assert.deepEqual(await get('/verify'), {
    status: 200,
    body: { ok: true, scopes: 1, quarantined: 0, found: 0, differences: [] },
  })
  const field = `m${new Date().toISOString().slice(0, 7).replace('-', '')}:spent`
  await app.redis.hset('{tollgate}:scope:client:c1', field, '2500000')
  assert.deepEqual(await get('/verify'), {
    status: 409,
    body: {
      ...{ ok: false, scopes: 2, quarantined: 0, found: 1 },
      differences: [
        {
          ...{ scope: 'client:c1', window: 'month', counterUsd: 0.0025 },
          ...{ ledgerUsd: 0, pendingUsd: 0, differenceUsd: 0.0025 },
        },
      ],
    },
  })
})

test('an invalid query is refused with the found and the expected value', async t => {
  const { get } = await administration(t)
  const wrong: [url: string, field: string, found: string][] = [
    ['/calls?from=yesterday', 'from', '"yesterday"'],
    ['/calls?to=2026-02-30', 'to', '"2026-02-30"'],
    ['/calls?from=2026-11-23T10:00:00', 'from', '"2026-11-23T10:00:00"'],
    ['/calls?cursor=nonsense', 'cursor', '"nonsense"'],
    ...[
      ['2026-11-23T10:00:00Z', 'a\0b', 0],
      ['2026-11-23T10:00:00Z', '', 0],
      ['2026-11-23T10:00:00Z', 'é', 0],
      ['2026-11-23T10:00:00Z', 'a', 2],
      ['2026-02-30T10:00:00Z', 'a', 0],
      ['2026-11-23T10:00:00Z\0', 'a', 0],
      ['2026-11-23T10:00', 'a', 0],
      [['2026-11-23'], 'a', 0],
      'a',
    ].map((place): [string, string, string] => {
      const cursor = Buffer.from(JSON.stringify(place)).toString('base64url')
      return [`/calls?cursor=${cursor}`, 'cursor', cursor]
    }),
    ['/calls?cursor=%00', 'cursor', 'NUL'],
    ['/calls?from=0000-01-01', 'from', '"0000-01-01"'],
    ['/usage?to=0000-01-01', 'to', '"0000-01-01"'],
    ['/refusals?to=0001-01-01', 'to', '"0001-01-01"'],
    ['/calls?client=%00', 'client', 'NUL'],
    ['/calls?model=a%00b', 'model', 'NUL'],
    ['/refusals?reason=%00', 'reason', 'NUL'],
    ['/calls/%00', 'id', 'NUL'],
    ...['a b', 'tg_3mPwpyb6_secret'].map((key): [string, string, string] => [
      `/calls?key=${key}`,
      'key',
      key,
    ]),
    ...['9xx', '20', 'ok'].map((status): [string, string, string] => [
      `/calls?status=${status}`,
      'status',
      status,
    ]),
    ['/calls?sort=client', 'sort', '"client"'],
    ['/calls?order=up', 'order', '"up"'],
    ['/calls?sort=cost&from=2026-01-01&to=2026-03-01', 'from', '59 days'],
    ...[
      ['2026-11-23T10:00:00Z', 'a', 0, 'client desc', 1],
      ['2026-11-23T10:00:00Z', 'a', 0, 'cost desc', 1.5],
      ['2026-11-23T10:00:00Z', 'a', 0, 'cost desc', '1'],
      ['2026-11-23T10:00:00Z', 'a', 0, 'latency desc', 1e300],
    ].map((place): [string, string, string] => {
      const cursor = Buffer.from(JSON.stringify(place)).toString('base64url')
      return [`/calls?sort=cost&cursor=${cursor}`, 'cursor', cursor]
    }),
    ['/calls?limit=0', 'limit', '0'],
    ['/calls?limit=ten', 'limit', '"ten"'],
    ['/calls?colour=red', 'colour', 'is unknown here'],
    ['/usage?by=weekday', 'by', '"weekday"'],
    ['/usage?by=', 'by', '""'],
    ['/usage?from=2026-11-23T10:00:00Z', 'from', '"2026-11-23T10:00:00Z"'],
  ]
  for (const [url, field, found] of wrong) {
    const { status, body } = await get(url)
    assert.equal(status, 400, url)
    assert.equal(body.errors[0].field, field, url)
    assert.ok(body.errors[0].detail.includes(found), body.errors[0].detail)
    assert.ok(body.errors[0].detail.includes('expected'), body.errors[0].detail)
  }
})
