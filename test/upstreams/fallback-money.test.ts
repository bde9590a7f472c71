/** Money through several attempts: what is held, what each attempt is charged, and what the ledger says. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Gateway, message } from '../gateway.ts'
import { startRouted } from '../routed.ts'
import { until } from '../until.ts'

const names = ['first', 'second'] as const
/** A silent upstream is given up after this time. */
const impatient = { first: { timeoutSeconds: 0.2 } }
const routes = [{ models: ['claude-haiku-*'], order: ['first', 'second'] }]

interface Row {
  id: string
  upstream: string
  outcome: string
  costUsd: number
  estimated: boolean
}

async function rows({ admin }: Gateway, count: number): Promise<Row[]> {
  const calls = await until(async () => {
    const { body } = await admin('GET', '/calls')
    const found = body.calls as Row[]
    return found.length === count && found
  })
  return calls.toSorted((a, b) => (a.id < b.id ? -1 : 1))
}

async function verified({ admin }: Gateway) {
  return until(async () => (await admin('GET', '/verify')).status === 200)
}

test('the hold covers the most expensive target', async t => {
  const alias = {
    models: ['smart'],
    targets: [
      { upstream: 'first', model: 'claude-haiku-4-5', weight: 1 },
      { upstream: 'second', model: 'claude-opus-5-5', weight: 0 },
    ],
  }
  const { gateway, providers } = await startRouted(t, { names, routes: [alias] })
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 }, hold: 'ceiling' })
  providers.first.use(() => 'hold answer')
  const held = async (model: string) => {
    const calls = providers.first.calls.length
    const response = gateway.post('/v1/messages', key, message('hello', { model }))
    await until(() => providers.first.calls.length > calls)
    const { day } = await gateway.state('frontend')
    return { response, heldUsd: day?.heldUsd ?? 0 }
  }

  const call = await held('smart')

  // 100 tokens of output at $20 a million, and the input at $4 a million: its size in bytes is less than 300.
  assert.ok(call.heldUsd >= 0.002 && call.heldUsd < 0.0045, String(call.heldUsd))
  providers.first.release('answer')
  const response = await call.response
  assert.equal(response.status, 200)
  await until(async () => (await gateway.state('frontend')).day?.heldUsd === 0)
})

test('an attempt that may have cost money is charged once, and the next one has its own ledger row', async t => {
  const { gateway, providers } = await startRouted(t, { names, routes, upstreams: impatient })
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 } })
  providers.first.use(() => 'silent')

  const response = await gateway.post('/v1/messages', key, message('hello'))

  assert.equal(response.status, 200)
  const [first, second] = await rows(gateway, 2)
  assert.equal(second?.id, `${first?.id}~2`)
  assert.deepEqual([first?.upstream, first?.outcome, first?.estimated], ['first', 'upstream_error', true])
  assert.deepEqual([second?.upstream, second?.outcome, second?.estimated], ['second', 'ok', false])
  assert.ok(first && second && first.costUsd > 0 && second.costUsd > 0)
  const sum = first.costUsd + second.costUsd
  const line = await gateway.line(response.headers.get('request-id'))
  assert.ok(Math.abs(Number(line.costUsd) - sum) < 1e-9)
  assert.ok(Math.abs(Number(response.headers.get('x-tollgate-cost-usd')) - sum) < 1e-9)
  await until(async () => (await gateway.state('frontend')).day?.heldUsd === 0)
  const { day } = await gateway.state('frontend')
  assert.ok(Math.abs((day?.spentUsd ?? 0) - sum) < 1e-9)
  await verified(gateway)
})

test('an attempt that cost nothing and the next one share one ledger row', async t => {
  const { gateway, providers } = await startRouted(t, { names, routes })
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 } })
  providers.first.use(() => 'status 529')

  const response = await gateway.post('/v1/messages', key, message('hello'))

  assert.equal(response.status, 200)
  const [row] = await rows(gateway, 1)
  assert.equal(row?.upstream, 'second')
  await until(async () => (await gateway.state('frontend')).day?.heldUsd === 0)
  await verified(gateway)
})

test('without room for another attempt the caller gets the first error, and no other upstream is called', async t => {
  const { gateway, providers, seen } = await startRouted(t, { names, routes, upstreams: impatient })
  const key = await gateway.client({ name: 'frontend', budget: { day: 0.0008 }, hold: 'ceiling' })
  providers.first.use(() => 'silent')

  const response = await gateway.post('/v1/messages', key, message('hello'))

  assert.equal(response.status, 504)
  assert.deepEqual(seen(), { first: 1, second: 0 })
  const [row] = await rows(gateway, 1)
  assert.equal(row?.outcome, 'upstream_error')
  const { day } = await gateway.state('frontend')
  assert.equal(day?.heldUsd, 0)
  assert.ok((day?.spentUsd ?? 1) <= 0.0008)
  const line = await gateway.line(response.headers.get('request-id'))
  assert.equal(line.costUsd, row?.costUsd)
  await verified(gateway)
})

test('a retried call takes one unit of the request bucket', async t => {
  const { gateway, providers } = await startRouted(t, { names, routes, upstreams: impatient })
  const limits = { requests: { capacity: 2, per: '1h' } }
  const key = await gateway.client({ name: 'frontend', limits })
  providers.first.use(() => 'silent')

  const statuses = []
  for (let i = 0; i < 3; i++)
    statuses.push((await gateway.post('/v1/messages', key, message(`hello ${i}`))).status)

  assert.deepEqual(statuses, [200, 200, 429])
})

test('the last attempt needs room for its own target, not for those that were tried', async t => {
  const { gateway, providers } = await startRouted(t, {
    names: ['first', 'second', 'third'],
    routes: [{ models: ['claude-haiku-*'], order: ['first', 'second', 'third'] }],
    upstreams: {
      first: { timeoutSeconds: 0.2 },
      second: { timeoutSeconds: 0.2, prices: { multiplier: 3 } },
    },
  })
  for (const name of ['first', 'second'] as const) providers[name].use(() => 'silent')
  const settings = { cache: { enabled: false }, hold: 'ceiling' }
  const rich = await gateway.client({ name: 'rich', budget: { day: 5 }, ...settings })
  await gateway.post('/v1/messages', rich, message('hello'))
  const [first, second, third] = await rows(gateway, 3)
  assert.ok(first && second && third)
  const spentUsd = first.costUsd + second.costUsd
  const poor = await gateway.client({
    name: 'poor',
    budget: { day: spentUsd + 1.1 * first.costUsd },
    ...settings,
  })

  const response = await gateway.post('/v1/messages', poor, message('hello'))

  assert.deepEqual([response.status, response.headers.get('x-tollgate-upstream')], [200, 'third'])
  await verified(gateway)
})

test('the hold of a second attempt names its upstream, for the ledger if the replica dies', async t => {
  const { gateway, providers } = await startRouted(t, { names, routes, upstreams: impatient })
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 } })
  providers.first.use(() => 'silent')
  providers.second.use(() => 'hold answer')

  const response = gateway.post('/v1/messages', key, message('hello'))
  await providers.second.waitForCall()

  const [hold] = await gateway.app.redis.hvals('{tollgate}:holds')
  const [, , entry = ''] = String(hold).split('\n')
  assert.equal(JSON.parse(entry).upstream, 'second')
  providers.second.release('answer')
  assert.equal((await response).status, 200)
})
