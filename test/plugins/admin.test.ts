import assert from 'node:assert/strict'
import { test } from 'node:test'
import { linkTo } from '../clients/link.ts'
import { until } from '../until.ts'
import { type AdminResponse, startReplica, TOKEN } from './replica.ts'

/** The example of docs/settings.md, with every setting. */
const FRONTEND = {
  name: 'frontend',
  team: 'web',
  models: ['claude-haiku-*', 'gpt-6-luna'],
  limits: {
    requests: { capacity: 100, per: '1h' },
    tokens: { capacity: 200000, per: '1m' },
    concurrency: 20,
    maxWaitMs: 2000,
  },
  budget: { day: 5, month: 100 },
  hold: 'ceiling',
  cache: { enabled: true, ttlSeconds: 3600, share: 'client' },
  loop: { identical: 30, per: '1m' },
  allow: [],
}

type Money = { limitUsd?: number; spentUsd: number }

interface State {
  day: Money
  month: Money
}

interface Key {
  id: string
  status: string
}

function settingsOf({ body }: AdminResponse) {
  const { id, createdAt, updatedAt, state, warnings, ...settings } = body
  return settings
}

function assertProblem({ status, headers, body }: AdminResponse, expected: number, detail: RegExp) {
  assert.equal(status, expected)
  assert.match(String(headers['content-type']), /^application\/problem\+json/)
  assert.equal(body.status, expected)
  assert.equal(body.type, 'about:blank')
  assert.ok(body.title && body.requestId)
  assert.match(String(body.detail), detail)
}

test('the administration is off without ADMIN_TOKEN', async t => {
  const { app } = await startReplica(t, { token: undefined })
  for (const url of ['/admin', '/admin/clients', '/admin/gateway']) {
    const headers = { authorization: 'Bearer undefined' }
    assert.equal((await app.inject({ url, headers })).statusCode, 404)
  }
})

test('a missing or wrong token gets 401 on every route', async t => {
  const { app } = await startReplica(t)
  const presented = [undefined, 'Bearer ', 'Bearer wrong', `Bearer ${TOKEN}x`, `Basic ${TOKEN}`, TOKEN]
  for (const url of ['/admin/clients', '/admin/nothing']) {
    for (const authorization of presented) {
      const response = await app.inject({
        url,
        headers: authorization === undefined ? {} : { authorization },
      })
      const { statusCode: status, headers } = response
      assertProblem({ status, headers, body: response.json() }, 401, /ADMIN_TOKEN/)
      assert.match(String(headers['www-authenticate']), /^Bearer/)
    }
  }
})

test('a new client is shown with its settings and its current state', async t => {
  const replica = await startReplica(t)
  const made = await replica.admin('POST', '/clients', { ...FRONTEND, createTeam: true })
  assert.equal(made.status, 201)
  assert.equal(made.headers.location, '/admin/clients/frontend')
  assert.deepEqual(settingsOf(made), FRONTEND)

  const shown = await replica.admin('GET', '/clients/frontend')
  assert.deepEqual(settingsOf(shown), FRONTEND)
  assert.equal(shown.body.id, made.body.id)
  const tomorrow = new Date()
  tomorrow.setUTCHours(24, 0, 0, 0)
  const { month, ...state } = shown.body.state as State
  assert.deepEqual(state, {
    requests: { capacity: 100, available: 100 },
    tokens: { capacity: 200000, available: 200000 },
    concurrency: { max: 20, running: 0 },
    day: { limitUsd: 5, spentUsd: 0, heldUsd: 0, availableUsd: 5, resetsAt: tomorrow.toISOString() },
  })
  assert.equal(month.limitUsd, 100)
})

test('settings keep the order and the form of the request', async t => {
  const replica = await startReplica(t)
  await replica.admin('POST', '/clients', { ...FRONTEND, createTeam: true })
  const { body } = await replica.admin('GET', '/clients/frontend')
  assert.equal(JSON.stringify(body.limits), JSON.stringify(FRONTEND.limits))
  await replica.admin('PATCH', '/clients/frontend', { budget: { day: 0.000000001, month: 0.1 } })
  const { body: patched } = await replica.admin('GET', '/clients/frontend')
  assert.deepEqual(patched.budget, { day: 1e-9, month: 0.1 })
})

test('only the name of a client is required', async t => {
  const replica = await startReplica(t)
  const made = await replica.admin('POST', '/clients', { name: 'plain' })
  assert.deepEqual(settingsOf(made), { name: 'plain' })
  const { state } = (await replica.admin('GET', '/clients/plain')).body
  const { day, month, ...others } = state as State
  assert.deepEqual(others, { concurrency: { running: 0 } })
  assert.deepEqual(Object.keys(day), ['spentUsd', 'heldUsd', 'resetsAt'])
})

test('one response lists every invalid field with the found and the expected value', async t => {
  const replica = await startReplica(t)
  const faults = async (body: unknown) => {
    const response = await replica.admin('POST', '/clients', body)
    assertProblem(response, 400, /./)
    return Object.fromEntries(
      (response.body.errors as { field: string; detail: string }[]).map(one => [one.field, one.detail]),
    )
  }
  assert.match(String((await faults({})).name), /^is missing; expected up to 64 letters/)
  assert.match(
    String((await faults({ name: 'a', colour: 'red' })).colour),
    /^is unknown here; expected one of name, team/,
  )
  assert.match(String((await faults([]))['(body)']), /^found \[\], expected an object/)
  const many = await faults({
    name: 'two words',
    team: 7,
    models: 'all',
    limits: {
      requests: { capacity: 0, per: '1 hour' },
      tokens: { capacity: 1 },
      concurrency: 1.5,
      maxWaitMs: 10_001,
      rpm: 5,
    },
    budget: { day: -1, month: '100', year: 1 },
    hold: 'loose',
    cache: { enabled: 'yes', ttlSeconds: 0, share: 'everyone' },
    loop: { identical: 30, per: 60 },
    allow: ['everything', 'store', 'store'],
    disabled: 0,
  })
  assert.deepEqual(Object.keys(many).sort(), [
    'allow',
    'allow.0',
    'budget.day',
    'budget.month',
    'budget.year',
    'cache.enabled',
    'cache.share',
    'cache.ttlSeconds',
    'disabled',
    'hold',
    'limits.concurrency',
    'limits.maxWaitMs',
    'limits.requests.capacity',
    'limits.requests.per',
    'limits.rpm',
    'limits.tokens.per',
    'loop.per',
    'models',
    'name',
    'team',
  ])
  assert.equal(many['budget.month'], 'found "100", expected a number of US dollars, 0 or more')
  assert.equal(many.hold, 'found "loose", expected "growing" or "ceiling"')
  assert.equal(
    many['limits.maxWaitMs'],
    'found 10001, expected a whole number of milliseconds from 0 to 10000',
  )
  assert.match(String(many['limits.requests.per']), /^found "1 hour", expected a duration such as "500ms"/)
})

test('an amount or a bucket beyond exact arithmetic is refused', async t => {
  const replica = await startReplica(t)
  const post = (settings: object) => replica.admin('POST', '/clients', { name: 'a', ...settings })
  assertProblem(await post({ budget: { day: 1e-10 } }), 400, /budget\.day .*nano-dollar/)
  assertProblem(await post({ budget: { day: 1e300 } }), 400, /budget\.day .*at most/)
  const requests = { capacity: Number.MAX_SAFE_INTEGER, per: '1d' }
  assertProblem(await post({ limits: { requests } }), 400, /limits\.requests .*counted exactly/)
  assertProblem(
    await post({ loop: { identical: requests.capacity, per: '1d' } }),
    400,
    /loop .*counted exactly/,
  )
})

test('a body that is not a JSON object is refused', async t => {
  const replica = await startReplica(t)
  for (const body of [
    '{',
    'null',
    '"x"',
    '5',
    '{"name":"a","__proto__":{"x":1}}',
    '{"name":"\\u0000"}',
    `"${'x'.repeat(2e6)}"`,
  ]) {
    const response = await replica.admin('POST', '/clients', body)
    assert.ok(response.status === 400 || response.status === 413, `${body.slice(0, 40)}: ${response.status}`)
    assert.match(String(response.headers['content-type']), /problem/)
  }
  const headers = { authorization: `Bearer ${TOKEN}`, 'content-type': 'text/plain' }
  const text = await replica.app.inject({ method: 'POST', url: '/admin/clients', headers, payload: 'name=a' })
  assert.equal(text.statusCode, 415)
})

test('a duplicate field is refused by name', async t => {
  const replica = await startReplica(t)
  const budgets = '"budget":{"day":5},"budget":{}'
  const post = (body: string) => replica.admin('POST', '/clients', body)

  assertProblem(await post(`{"name":"a",${budgets}}`), 400, /^budget stands twice in one object/)
  assertProblem(
    await post('{"name":"a","limits":{"concurrency":1,"concurrency":2}}'),
    400,
    /^limits\.concurrency stands twice in one object/,
  )
  assertProblem(await replica.admin('PUT', '/gateway', `{${budgets}}`), 400, /^budget stands/)
  assertProblem(await replica.admin('PATCH', '/clients/a', `{${budgets}}`), 400, /^budget stands/)
  assert.equal((await replica.admin('GET', '/clients/a')).status, 404)
})

test('a field named like a JavaScript property is refused by name', async t => {
  const replica = await startReplica(t)
  await replica.admin('POST', '/clients', { name: 'there' })
  const bodies: [method: 'POST' | 'PUT' | 'PATCH', path: string, body: string, field: string][] = [
    ['POST', '/clients', '{"name":"a","__proto__":{"x":1}}', '__proto__'],
    ['POST', '/clients', '{"name":"a","__proto__":null}', '__proto__'],
    ['POST', '/clients', '{"name":"a","\\u005f_proto__":{"x":1}}', '__proto__'],
    ['POST', '/clients', '{"name":"a","constructor":{"prototype":{"x":1}}}', 'constructor'],
    ['POST', '/clients', '{"name":"a","budget":{"day":5,"__proto__":{"month":1}}}', 'budget.__proto__'],
    ['POST', '/clients', '{"name":"a","toString":1}', 'toString'],
    ['PATCH', '/clients/there', '{"__proto__":{"team":"web"}}', '__proto__'],
    ['PATCH', '/clients/there', '{"limits":{"constructor":{"prototype":1}}}', 'limits.constructor'],
    ['PUT', '/teams/web', '{"budget":{"__proto__":{}}}', 'budget.__proto__'],
    ['PUT', '/gateway', '{"constructor":{"prototype":{}}}', 'constructor'],
    ['POST', '/clients/there/keys', '{"__proto__":{}}', '__proto__'],
    ['POST', '/tokens', '{"name":"ci","role":"viewer","__proto__":{"role":"admin"}}', '__proto__'],
  ]
  for (const [method, path, body, field] of bodies) {
    const response = await replica.admin(method, path, body)
    assertProblem(response, 400, /is unknown here; expected one of/)
    const { errors } = response.body as { errors: { field: string }[] }
    assert.equal(errors[0]?.field, field, body)
  }
  assert.equal((await replica.admin('GET', '/clients/a')).status, 404)
})

test('a new client or a rename with a taken name gets 409', async t => {
  const replica = await startReplica(t)
  await replica.admin('POST', '/clients', { name: 'one' })
  await replica.admin('POST', '/clients', { name: 'two' })
  assertProblem(await replica.admin('POST', '/clients', { name: 'one' }), 409, /"one" already/)
  assertProblem(await replica.admin('PATCH', '/clients/two', { name: 'one' }), 409, /"one" already/)
})

test('one of many simultaneous requests for the same client succeeds', async t => {
  const replica = await startReplica(t)
  const responses = await Promise.all(
    Array.from({ length: 10 }, () =>
      replica.admin('POST', '/clients', { name: 'same', team: 'new', createTeam: true }),
    ),
  )
  assert.deepEqual(responses.map(({ status }) => status).sort(), [201, ...Array(9).fill(409)])
})

test('an unknown resource gets 404 with the path of the list', async t => {
  const replica = await startReplica(t)
  assertProblem(await replica.admin('GET', '/clients/missing'), 404, /no client "missing"/)
  assertProblem(await replica.admin('PATCH', '/clients/missing', {}), 404, /missing/)
  assertProblem(await replica.admin('DELETE', '/clients/missing'), 404, /missing/)
  assertProblem(await replica.admin('GET', '/clients/missing/keys'), 404, /missing/)
  assertProblem(await replica.admin('POST', '/clients/missing/keys'), 404, /missing/)
  assertProblem(await replica.admin('DELETE', '/keys/AAAAAAAA'), 404, /no key "AAAAAAAA"/)
  assertProblem(await replica.admin('POST', '/keys/AAAAAAAA/rotate'), 404, /AAAAAAAA/)
  assertProblem(await replica.admin('GET', '/teams/missing'), 404, /no team "missing"/)
  assertProblem(await replica.admin('GET', '/nothing'), 404, /GET \/admin\/nothing/)
  assertProblem(await replica.admin('GET', '/clients/%00'), 400, /name found/)
})

test('a patch changes the named settings, and null removes one', async t => {
  const replica = await startReplica(t)
  await replica.admin('POST', '/clients', { ...FRONTEND, createTeam: true })
  const patched = await replica.admin('PATCH', '/clients/frontend', {
    team: null,
    models: ['gpt-6-luna'],
    limits: { requests: { capacity: 50 }, tokens: null },
    budget: null,
    disabled: true,
  })
  assert.equal(patched.status, 200)
  const { team: _team, budget: _budget, ...rest } = FRONTEND
  assert.deepEqual(settingsOf(patched), {
    ...rest,
    models: ['gpt-6-luna'],
    limits: { requests: { capacity: 50, per: '1h' }, concurrency: 20, maxWaitMs: 2000 },
    disabled: true,
  })
})

test('maxWaitMs is refused for teams and for the gateway', async t => {
  const replica = await startReplica(t)
  for (const path of ['/teams/web', '/gateway']) {
    const response = await replica.admin('PUT', path, { limits: { maxWaitMs: 5 } })
    assertProblem(response, 400, /limits\.maxWaitMs is unknown here/)
  }
  for (const maxWaitMs of [0, 10_000]) {
    const made = await replica.admin('POST', '/clients', {
      name: `waits-${maxWaitMs}`,
      limits: { maxWaitMs },
    })
    assert.deepEqual(made.body.limits, { maxWaitMs })
  }
})

test('an invalid patch changes nothing', async t => {
  const replica = await startReplica(t)
  await replica.admin('POST', '/clients', { ...FRONTEND, createTeam: true })
  const patch = (body: unknown) => replica.admin('PATCH', '/clients/frontend', body)
  assertProblem(await patch({ limits: { requests: { per: null } } }), 400, /limits\.requests\.per is missing/)
  assertProblem(await patch({ name: null }), 400, /name is missing/)
  assertProblem(await patch({ id: 'x' }), 400, /id is unknown here/)
  assertProblem(await patch([]), 400, /expected an object/)
  assert.deepEqual(settingsOf(await replica.admin('GET', '/clients/frontend')), FRONTEND)
})

test('simultaneous patches are all merged', async t => {
  const replica = await startReplica(t)
  await replica.admin('POST', '/clients', { name: 'a' })
  await Promise.all([
    replica.admin('PATCH', '/clients/a', { team: 'web', createTeam: true }),
    replica.admin('PATCH', '/clients/a', { limits: { concurrency: 2 } }),
    replica.admin('PATCH', '/clients/a', { limits: { requests: { capacity: 1, per: '1s' } } }),
    replica.admin('PATCH', '/clients/a', { budget: { day: 1 } }),
    replica.admin('PATCH', '/clients/a', { budget: { month: 2 } }),
  ])
  const { name: _, ...settings } = settingsOf(await replica.admin('GET', '/clients/a'))
  assert.deepEqual(settings, {
    team: 'web',
    limits: { concurrency: 2, requests: { capacity: 1, per: '1s' } },
    budget: { day: 1, month: 2 },
  })
})

test('a renamed client keeps its id, its keys and its spend', async t => {
  const replica = await startReplica(t)
  const { key } = await replica.client({ name: 'before' })
  const { body } = await replica.admin('GET', '/clients/before')
  const renamed = await replica.admin('PATCH', '/clients/before', { name: 'after' })
  assert.equal(renamed.body.id, body.id)
  assert.equal((await replica.call({ 'x-api-key': key })).json().client, 'after')
  assert.equal((await replica.admin('GET', '/clients/before')).status, 404)
})

test('a deleted client cannot call, and its name can be used again', async t => {
  const replica = await startReplica(t)
  const { key } = await replica.client({ name: 'frontend' })
  const { body: before } = await replica.admin('GET', '/clients/frontend')
  assert.equal((await replica.call({ 'x-api-key': key })).statusCode, 200)
  assert.equal((await replica.admin('DELETE', '/clients/frontend')).status, 204)
  assert.equal((await replica.call({ 'x-api-key': key })).statusCode, 403)
  assert.equal((await replica.admin('GET', '/clients/frontend')).status, 404)
  const after = await replica.admin('POST', '/clients', { name: 'frontend' })
  assert.equal(after.status, 201)
  assert.notEqual(after.body.id, before.id)
  assert.equal((await replica.call({ 'x-api-key': key })).statusCode, 403)
})

test('the list shows each client once, by name, page by page', async t => {
  const replica = await startReplica(t)
  const names = ['b', 'B', 'a-1', 'a.1', 'a_1', 'a1', 'z@example.com']
  for (const name of names) await replica.admin('POST', '/clients', { name })
  const seen: string[] = []
  let cursor = ''
  for (let pages = 0; pages < 10; pages++) {
    const { body } = await replica.admin('GET', `/clients?limit=3${cursor}`)
    for (const { name } of body.clients as { name: string }[]) seen.push(name)
    if (body.next === undefined) break
    cursor = `&cursor=${body.next}`
  }
  assert.deepEqual(seen, [...names].sort())
  assertProblem(await replica.admin('GET', '/clients?limit=1001'), 400, /limit found 1001/)
  assertProblem(await replica.admin('GET', '/clients?limit=ten'), 400, /limit found "ten"/)
  assertProblem(await replica.admin('GET', '/clients?page=2'), 400, /page is unknown here/)
})

test('a key is shown once and is never stored, listed or logged', async t => {
  const replica = await startReplica(t)
  await replica.admin('POST', '/clients', { name: 'frontend' })
  const made = await replica.admin('POST', '/clients/frontend/keys')
  assert.equal(made.status, 201)
  assert.equal(made.headers['cache-control'], 'no-store')
  const { id, key } = made.body
  assert.match(String(key), new RegExp(`^tg_${id}_[A-Za-z0-9_-]{43}$`))
  await replica.call({ 'x-api-key': String(key) })
  await replica.admin('DELETE', `/keys/${id}`)
  await replica.call({ 'x-api-key': String(key) })

  const { body } = await replica.admin('GET', '/clients/frontend/keys')
  const { rows } = await replica.app.pg.query('select to_json(keys)::text as row from keys')
  const secret = String(key).slice(12)
  for (const text of [JSON.stringify(body), JSON.stringify(rows), JSON.stringify(replica.lines)]) {
    assert.ok(!text.includes(secret))
  }
  assert.equal(JSON.stringify(body.keys).includes(String(id)), true)
})

test('a key can have an expiry time, and a past time is refused', async t => {
  const replica = await startReplica(t)
  await replica.admin('POST', '/clients', { name: 'frontend' })
  const make = (expiresAt: unknown) => replica.admin('POST', '/clients/frontend/keys', { expiresAt })
  const made = await make('2999-01-31T12:00:00+02:00')
  assert.deepEqual([made.status, made.body.expiresAt], [201, '2999-01-31T10:00:00.000Z'])
  const impossible = [
    '2999-02-30T00:00:00Z',
    '2999-02-29T12:00:00+02:00',
    '2999-04-31T12:00:00Z',
    '2999-02-31T25:00:00Z',
    '2999-01-01T24:00:00Z',
    '2999-01-01T23:59:60Z',
    '2999-01-01T23:60:00Z',
  ]
  for (const wrong of ['2001-01-01T00:00:00Z', 'tomorrow', '2999-01-31', 5, null, ...impossible]) {
    assertProblem(await make(wrong), 400, /expiresAt found .*, expected a time/)
  }
})

test('a rotated key works beside its successor until its grace period ends', async t => {
  const replica = await startReplica(t)
  const { id, key } = await replica.client({ name: 'frontend' })
  const rotated = await replica.admin('POST', `/keys/${id}/rotate`, { graceSeconds: 3600 })
  assert.equal(rotated.status, 201)
  assert.equal(rotated.body.rotatedFrom, id)
  assert.equal(rotated.body.client, 'frontend')
  const fresh = { 'x-api-key': String(rotated.body.key) }
  assert.equal((await replica.call(fresh)).statusCode, 200)
  assert.equal((await replica.call({ 'x-api-key': key })).statusCode, 200, 'in its grace')
  const again = await replica.admin('POST', `/keys/${rotated.body.id}/rotate`, { graceSeconds: 1 })
  await until(async () => (await replica.call(fresh)).statusCode === 403)
  assert.equal((await replica.call({ 'x-api-key': String(again.body.key) })).statusCode, 200)
})

test('a second rotation is refused with the name of the successor key', async t => {
  const replica = await startReplica(t)
  const { id } = await replica.client({ name: 'frontend' })
  const first = await replica.admin('POST', `/keys/${id}/rotate`, { graceSeconds: 60 })

  const again = await replica.admin('POST', `/keys/${id}/rotate`, { graceSeconds: 60 })

  assertProblem(again, 409, new RegExp(`into "${first.body.id}"`))
})

test('a PUT without a body keeps all settings', async t => {
  const replica = await startReplica(t)
  await replica.admin('PUT', '/gateway', { budget: { day: 50 } })

  for (const path of ['/gateway', '/teams/web'])
    assertProblem(await replica.admin('PUT', path), 400, /No body came/)

  const { body } = await replica.admin('GET', '/gateway')
  assert.deepEqual(body.budget, { day: 50 })
})

test('the default grace period is a day, a grace of 0 ends the old key at once, and an ended key cannot be rotated', async t => {
  const replica = await startReplica(t)
  const { id, key } = await replica.client({ name: 'frontend' })
  const other = (await replica.client({ name: 'other' })).id
  const former = Object((await replica.admin('POST', `/keys/${other}/rotate`)).body.former)
  const lives = Date.parse(former.expiresAt) - Date.now()
  assert.ok(lives > 86_300_000 && lives <= 86_400_000, `${lives} ms`)
  const rotated = await replica.admin('POST', `/keys/${id}/rotate`, { graceSeconds: 0 })
  assert.equal(rotated.status, 201)
  assert.equal((await replica.call({ 'x-api-key': key })).statusCode, 403)
  assertProblem(await replica.admin('POST', `/keys/${id}/rotate`), 409, /is expired.*make a new one/)
  await replica.admin('DELETE', `/keys/${rotated.body.id}`)
  assertProblem(await replica.admin('POST', `/keys/${rotated.body.id}/rotate`), 409, /is revoked/)
})

test('a successor key has the lifetime of the old key, and the grace period does not extend the old key', async t => {
  const replica = await startReplica(t)
  await replica.admin('POST', '/clients', { name: 'frontend' })
  const end = new Date(Date.now() + 3_600_000)
  const made = await replica.admin('POST', '/clients/frontend/keys', { expiresAt: end.toISOString() })
  const rotated = await replica.admin('POST', `/keys/${made.body.id}/rotate`, { graceSeconds: 86_400 })
  const lives = Date.parse(String(rotated.body.expiresAt)) - Date.now()
  assert.ok(lives > 3_500_000 && lives <= 3_600_000, `${lives} ms`)
  const { former } = rotated.body as { former: { expiresAt: string } }
  assert.equal(former.expiresAt, end.toISOString())
})

test('a revoked key stays revoked, and a second revocation changes nothing', async t => {
  const replica = await startReplica(t)
  const { id, key } = await replica.client({ name: 'frontend' })
  assert.equal((await replica.admin('DELETE', `/keys/${id}`)).status, 204)
  const first = await replica.admin('GET', '/clients/frontend/keys')
  assert.equal((await replica.admin('DELETE', `/keys/${id}`)).status, 204)
  assert.deepEqual((await replica.admin('GET', '/clients/frontend/keys')).body, first.body)
  assert.equal((await replica.call({ 'x-api-key': key })).statusCode, 403)
})

test('the list shows the newest keys first with their status, page by page', async t => {
  const replica = await startReplica(t)
  const ids = []
  await replica.admin('POST', '/clients', { name: 'frontend' })
  for (let i = 0; i < 5; i++) ids.unshift((await replica.admin('POST', '/clients/frontend/keys')).body.id)
  await replica.admin('DELETE', `/keys/${ids[0]}`)
  const page = await replica.admin('GET', '/clients/frontend/keys?limit=3')
  const rest = await replica.admin('GET', `/clients/frontend/keys?limit=3&cursor=${page.body.next}`)
  const all = [page, rest].flatMap(({ body }) => body.keys as Key[])
  assert.deepEqual(
    all.map(key => key.id),
    ids,
  )
  assert.deepEqual(
    all.map(key => key.status),
    ['revoked', 'active', 'active', 'active', 'active'],
  )
  assert.equal(rest.body.next, undefined)
})

test('createTeam creates a team with its first client, and PUT replaces its settings', async t => {
  const replica = await startReplica(t)
  const { key } = await replica.client({ name: 'frontend', team: 'web' })
  const bare = await replica.admin('GET', '/teams/web')
  assert.deepEqual(settingsOf(bare), { name: 'web' })
  const put = await replica.admin('PUT', '/teams/web', { limits: { concurrency: 5 }, budget: { day: 1 } })
  assert.deepEqual([put.status, put.body.id], [200, bare.body.id])
  const { team } = (await replica.call({ 'x-api-key': key })).json()
  assert.deepEqual([team.limits, team.budget], [{ concurrency: 5 }, { dayNanos: 1e9 }])
  const replaced = await replica.admin('PUT', '/teams/web', { budget: { month: 2 } })
  assert.deepEqual(settingsOf(replaced), { name: 'web', budget: { month: 2 } })
  assertProblem(await replica.admin('PUT', '/teams/web', { models: [] }), 400, /models is unknown here/)
  const { body } = await replica.admin('GET', '/teams')
  assert.equal(JSON.stringify(body.teams).includes('"web"'), true)
})

test('a client may only join a team that exists, unless createTeam is set', async t => {
  const replica = await startReplica(t)
  await replica.admin('PUT', '/teams/web', { budget: { day: 1 } })
  const unknown =
    /^team found "wbe", expected a team that exists\. Did you mean web\? PUT \/admin\/teams\/wbe .* "createTeam": true/

  for (const createTeam of [undefined, false]) {
    const made = await replica.admin('POST', '/clients', { name: 'a', team: 'wbe', createTeam })
    assertProblem(made, 400, unknown)
    assert.deepEqual(made.body.errors, [
      { field: 'team', detail: 'found "wbe", expected a team that exists. Did you mean web?' },
    ])
  }
  assert.equal((await replica.admin('GET', '/clients/a')).status, 404)
  await replica.admin('POST', '/clients', { name: 'a', team: 'web' })
  assertProblem(await replica.admin('PATCH', '/clients/a', { team: 'wbe', budget: { day: 9 } }), 400, unknown)
  assert.deepEqual(settingsOf(await replica.admin('GET', '/clients/a')), { name: 'a', team: 'web' })
  assert.equal((await replica.admin('GET', '/teams/wbe')).status, 404)
  assertProblem(await replica.admin('GET', '/teams/Web'), 404, /no team "Web"\. Did you mean web\?/)
  assertProblem(await replica.admin('GET', '/clients/A'), 404, /no client "A"/)
  assertProblem(
    await replica.admin('PATCH', '/clients/a', { createTeam: 'yes' }),
    400,
    /createTeam found "yes"/,
  )

  const patched = await replica.admin('PATCH', '/clients/a', { team: 'data', createTeam: true })
  assert.deepEqual(settingsOf(patched), { name: 'a', team: 'data' })
  assert.deepEqual(settingsOf(await replica.admin('GET', '/teams/data')), { name: 'data' })
})

test('a team without clients can be deleted; a team with clients cannot, and the error names them', async t => {
  const replica = await startReplica(t)
  for (const name of ['a', 'b']) await replica.client({ name, team: 'web' })
  const { id } = (await replica.admin('GET', '/teams/web')).body

  assertProblem(
    await replica.admin('DELETE', '/teams/web'),
    409,
    /^2 clients are in the team "web": a, b\. Move them/,
  )
  await replica.admin('DELETE', '/clients/a')
  await replica.admin('PATCH', '/clients/b', { team: null })
  assert.equal((await replica.admin('DELETE', '/teams/web')).status, 204)

  assert.equal((await replica.admin('GET', '/teams/web')).status, 404)
  assertProblem(await replica.admin('DELETE', '/teams/web'), 404, /no team "web"/)
  const again = await replica.admin('PUT', '/teams/web', {})
  assert.notEqual(again.body.id, id)
  const { audit } = (await replica.admin('GET', '/audit?target=team:web')).body
  assert.deepEqual(
    (audit as { action: string }[]).map(auditEvent => auditEvent.action),
    ['team.put', 'team.delete'],
  )
})

test('a patch of a team or the gateway keeps other settings, and null removes one', async t => {
  const replica = await startReplica(t)
  await replica.admin('PUT', '/teams/web', {})
  for (const path of ['/teams/web', '/gateway']) {
    await replica.admin('PUT', path, { limits: { concurrency: 5 }, budget: { day: 1, month: 20 } })
    const { status, body } = await replica.admin('PATCH', path, { budget: { day: null, month: 30 } })
    assert.deepEqual([status, body.limits, body.budget], [200, { concurrency: 5 }, { month: 30 }])
    assertProblem(await replica.admin('PATCH', path, { budget: { day: -1 } }), 400, /budget\.day found -1/)
  }
  assertProblem(await replica.admin('PATCH', '/teams/wbe', {}), 404, /Did you mean web\?/)
})

test('an unknown model gets a warning that names the nearest known one', async t => {
  const replica = await startReplica(t)
  const made = await replica.admin('POST', '/clients', {
    name: 'a',
    models: ['claude-haiku-*', 'gpt-6-luna', 'gpt-6-lunna', 'mystery-*'],
  })
  const renamed = await replica.admin('PATCH', '/clients/a', { name: 'b' })
  const patched = await replica.admin('PATCH', '/clients/b', { models: ['*', 'nothing-like-it'] })

  assert.equal(made.status, 201)
  const [first, second, ...others] = Array.isArray(made.body.warnings) ? made.body.warnings : []
  assert.match(first, /^models: "gpt-6-lunna" matches no known model.* Did you mean gpt-6-luna\?/)
  assert.match(second, /^models: "mystery-\*" matches no known model/)
  assert.deepEqual(others, [])
  assert.deepEqual(renamed.body.warnings, [])
  assert.match(String(patched.body.warnings), /^models: "nothing-like-it" matches no known model/)
  assert.equal('warnings' in (await replica.admin('GET', '/clients/b')).body, false)
  const emptied = await replica.admin('PATCH', '/clients/b', { models: [] })
  assert.match(String(emptied.body.warnings), /^models: the list is empty/)
})

test('the gateway has limits and a budget of its own', async t => {
  const replica = await startReplica(t)
  assert.deepEqual(settingsOf(await replica.admin('GET', '/gateway')), {})
  await replica.admin('PUT', '/gateway', { limits: { concurrency: 100 }, budget: { month: 1000 } })
  const shown = await replica.admin('GET', '/gateway')
  assert.deepEqual(settingsOf(shown), { limits: { concurrency: 100 }, budget: { month: 1000 } })
  const { month } = shown.body.state as State
  assert.equal(month.limitUsd, 1000)
})

test('the state of a client is null while Redis is unreachable, and its settings are shown', async t => {
  const replica = await startReplica(t)
  await replica.admin('POST', '/clients', { ...FRONTEND, createTeam: true })
  replica.app.redis.disconnect()
  const shown = await replica.admin('GET', '/clients/frontend')
  assert.deepEqual(settingsOf(shown), FRONTEND)
  assert.equal(shown.body.state, null)
})

test('the administration gets 503 with Retry-After while Postgres is unreachable', async t => {
  const { databaseUrl } = await startReplica(t)
  const link = await linkTo(t, databaseUrl)
  const replica = await startReplica(t, { databaseUrl: link.url })
  link.cut()
  for (const response of [
    await replica.admin('GET', '/clients'),
    await replica.admin('POST', '/clients', { name: 'a' }),
    await replica.admin('PUT', '/gateway', {}),
  ]) {
    assertProblem(response, 503, /database/)
    assert.equal(response.headers['retry-after'], '1')
  }
})

test('a list shows the state of each row on request', async t => {
  const replica = await startReplica(t)
  await replica.admin('POST', '/clients', { name: 'a', team: 'web', createTeam: true, budget: { day: 5 } })
  await replica.admin('POST', '/clients', { name: 'b' })
  const { body } = await replica.admin('GET', '/clients?state=true')
  const states = (body.clients as { state: State }[]).map(client => client.state)
  assert.deepEqual(
    states.map(state => state.day.limitUsd),
    [5, undefined],
  )
  const [team] = (await replica.admin('GET', '/teams?state=true')).body.teams as [{ state: State }]
  assert.equal(team.state.day.spentUsd, 0)
  const [plain] = (await replica.admin('GET', '/clients')).body.clients as [{ state?: State }, ...object[]]
  assert.equal(plain.state, undefined)
})
