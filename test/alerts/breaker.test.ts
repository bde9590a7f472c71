/** While an upstream refuses our key, calls to it fail fast: over real sockets, with only Node's clock set forward. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Gateway, message, startGateway, until } from '../gateway.ts'

const SECOND = 1000

async function arrange(t: TestContext) {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 }, cache: { enabled: false } })
  const now = performance.now.bind(performance)
  let ahead = 0
  t.mock.method(performance, 'now', () => now() + ahead)
  const call = async (more = {}) => {
    const answer = await gateway.post('/v1/messages', key, message('hello', more))
    const retry = answer.headers.get('x-should-retry')
    return { status: answer.status, retry, body: JSON.parse(await answer.text()) }
  }
  return {
    gateway,
    key,
    call,
    calls: (count: number) => Promise.all(Array.from({ length: count }, () => call())),
    pass: (ms: number) => {
      ahead += ms
    },
    refuse: (status = 401) => gateway.provider.use(() => `status ${status}`),
    accept: () => gateway.provider.use(() => 'ok'),
    reached: () => gateway.provider.calls.length,
  }
}

const settled = (gateway: Gateway) =>
  until(async () => {
    const { concurrency, day } = await gateway.state('frontend')
    return concurrency?.running === 0 && day?.heldUsd === 0 && day
  })

for (const status of [401, 402]) {
  test(`after one ${status} of the provider, calls get the same refusal without asking it, and are not to be retried`, async t => {
    const { gateway, call, calls, refuse, reached } = await arrange(t)
    refuse(status)

    const first = await call()
    const others = await calls(20)

    assert.equal(reached(), 1)
    for (const other of [first, ...others]) {
      assert.deepEqual([other.status, other.retry], [502, 'false'])
      assert.equal(other.body.error.message, first.body.error.message)
      assert.equal(other.body.error.details.error_code, 'upstream_refused_us')
    }
    assert.equal((await settled(gateway)).spentUsd, 0)
  })
}

test('after half a minute one call at a time asks again, and each refusal doubles the wait', async t => {
  const { calls, pass, refuse, reached } = await arrange(t)
  refuse()
  await calls(1)

  const reachedAfter = []
  for (const seconds of [29, 2, 29, 29, 3, 115, 6, 230, 15, 280, 25, 270, 35]) {
    pass(seconds * SECOND)
    await calls(5)
    reachedAfter.push(reached())
  }

  //                             30 s:  60 s:     120 s: 240 s: 300 s: 300 s, and no longer
  assert.deepEqual(reachedAfter, [1, 2, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6, 7])
})

test('the first call that is accepted opens the way to all', async t => {
  const { calls, pass, refuse, accept, reached } = await arrange(t)
  refuse()
  await calls(1)
  pass(31 * SECOND)
  accept()

  assert.deepEqual(
    (await calls(1)).map(({ status }) => status),
    [200],
  )
  assert.ok((await calls(10)).every(({ status }) => status === 200))
  assert.equal(reached(), 12)

  refuse()
  await calls(1)
  pass(31 * SECOND)
  await calls(1)
  assert.equal(reached(), 14, 'and then it waits half a minute again')
})

test('while one call asks, the others fail fast', async t => {
  const { calls, call, pass, refuse, gateway, reached } = await arrange(t)
  refuse()
  await calls(1)
  pass(31 * SECOND)
  gateway.provider.use(() => 'hold')

  const probe = call()
  await until(async () => reached() === 2)
  const others = await calls(5)

  assert.ok(others.every(({ status }) => status === 502))
  gateway.provider.release()
  assert.equal((await probe).status, 200)
  assert.equal(reached(), 2)
})

test('a call that asks and learns nothing leaves the question to the next', async t => {
  const { call, pass, refuse, gateway, reached } = await arrange(t)
  refuse()
  await call()
  pass(31 * SECOND)

  gateway.provider.next('status 500', 'die')
  assert.equal((await call()).status, 502)
  assert.equal((await call()).status, 502)
  gateway.provider.use(() => 'ok')
  assert.equal((await call()).status, 200)
  assert.equal(reached(), 4)
})

test('a call that our account may not make closes no other: it may be the caller’s doing', async t => {
  const { call, gateway, reached } = await arrange(t)
  gateway.provider.next('status 403')

  const forbidden = await call()
  const next = await call()

  assert.equal(forbidden.body.error.details.error_code, 'upstream_forbidden')
  assert.deepEqual([forbidden.status, forbidden.retry], [502, 'false'])
  assert.equal(next.status, 200)
  assert.equal(reached(), 2)
})

test('other trouble of the provider opens no breaker', async t => {
  const { calls, gateway, reached } = await arrange(t)
  for (const status of [400, 404, 429, 500, 529]) {
    gateway.provider.use(() => `status ${status}`)
    await calls(3)
  }
  assert.equal(reached(), 15)
})

test('kept answers are given while the provider refuses us', async t => {
  const { gateway, refuse } = await arrange(t)
  const key = await gateway.client({ name: 'keeper' })
  const ask = () => gateway.post('/v1/messages', key, message('keep this'))
  await (await ask()).arrayBuffer()
  await until(async () => (await ask()).headers.get('x-cache') === 'HIT')
  refuse()
  await gateway.post('/v1/messages', key, message('something else'))

  const answer = await ask()

  assert.equal(answer.status, 200)
  assert.equal(answer.headers.get('x-cache'), 'HIT')
})

test('operators are told once, with what the provider said', async t => {
  const { gateway, calls, refuse } = await arrange(t)
  refuse()
  await calls(1)
  await calls(10)

  const alerts = await until(async () => {
    const { body } = await gateway.admin('GET', '/alerts')
    return Array.isArray(body.alerts) && body.alerts.length > 0 && body.alerts
  })

  assert.deepEqual(
    alerts.map(({ kind, scope, severity }) => [kind, scope, severity]),
    [['upstream_refused_us', 'upstream:ezai', 'critical']],
  )
  assert.match(alerts[0].title, /the provider answered 401/)
  assert.doesNotMatch(JSON.stringify(alerts), /sk-/)
})
