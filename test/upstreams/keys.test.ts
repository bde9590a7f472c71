/** An upstream with several keys: they share the calls, and one that is refused or limited is set aside. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { message } from '../gateway.ts'
import { startRouted } from '../routed.ts'
import { until } from '../until.ts'

const names = ['first', 'second'] as const
const route = { models: ['claude-haiku-*'], order: ['first', 'second'] }

async function arrange(t: TestContext, more: object = { retries: 2 }) {
  const routed = await startRouted(t, {
    names,
    routes: [{ ...route, ...more }],
    upstreams: { first: { keys: [{ env: 'KEY_OF_FIRST' }, { env: 'ANOTHER_KEY' }] } },
    options: { env: { ANOTHER_KEY: 'another-key' } },
  })
  const key = await routed.gateway.client({ name: 'frontend', cache: { enabled: false } })
  const call = () => routed.gateway.post('/v1/messages', key, message('hello'))
  const calls = routed.providers.first.calls
  /** Calls of the first upstream with each of its keys. */
  const used = () => Object.groupBy(calls, ({ headers }) => String(headers['x-api-key']))
  return { ...routed, call, used }
}

test('calls at the same time use all keys', async t => {
  const { providers, call, used } = await arrange(t)
  providers.first.use(() => 'hold answer')

  const responses = Promise.all(Array.from({ length: 10 }, call))
  await until(() => providers.first.calls.length === 10)
  providers.first.release('answer')
  await responses

  assert.deepEqual(
    Object.values(used()).map(calls => calls?.length),
    [5, 5],
  )
})

for (const scenario of ['status 401', 'status 429 retry-after 60'])
  test(`after ${scenario} the other key of the upstream is used, and then no other`, async t => {
    const { providers, call, seen, used } = await arrange(t)
    providers.first.use(({ headers }) => (headers['x-api-key'] === 'key-of-first' ? scenario : undefined))

    const statuses = []
    for (let i = 0; i < 6; i++) statuses.push((await call()).status)

    assert.deepEqual(new Set(statuses), new Set([200]))
    assert.equal(used()['key-of-first']?.length, 1)
    assert.equal(used()['another-key']?.length, 6)
    assert.equal(seen().second, 0)
  })

test('with all keys refused the next target serves the calls', async t => {
  const { providers, call, seen } = await arrange(t)
  providers.first.use(() => 'status 401')

  const responses = [await call(), await call(), await call()]

  assert.deepEqual(
    responses.map(({ status }) => status),
    [200, 200, 200],
  )
  assert.deepEqual(seen(), { first: 2, second: 3 })
})

test('calls one after the other use the keys in turn', async t => {
  const { call, used } = await arrange(t)

  for (let i = 0; i < 6; i++) await call()

  assert.deepEqual(
    Object.values(used()).map(calls => calls?.length),
    [3, 3],
  )
})

test('a key that was refused once is used again after a while', async t => {
  const { gateway, providers, call, used } = await arrange(t)
  let refusals = 0
  providers.first.use(({ headers }) =>
    headers['x-api-key'] === 'another-key' && refusals++ === 0 ? 'status 401' : undefined,
  )
  await call()
  await call()

  await until(async () => {
    await call()
    return Number(used()['another-key']?.length) > 1
  })

  const { body } = await gateway.admin('GET', '/upstreams')
  const [first] = body.upstreams as { health: string }[]
  assert.equal(first?.health, 'ok')
})

test('after a 500 no other key of the upstream is tried', async t => {
  const { providers, call, seen } = await arrange(t, {})
  for (const name of names) providers[name].use(() => 'status 500')

  assert.equal((await call()).status, 502)

  assert.deepEqual(seen(), { first: 1, second: 1 })
})
