/** GET /admin/explain: why a call of this client for this model is treated as it is. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { message, startGateway, until } from '../gateway.ts'

test('every rule of a pair is told with its numbers now', async t => {
  const gateway = await startGateway(t)
  await gateway.admin('PUT', '/teams/web', { budget: { month: 50 } })
  await gateway.admin('PUT', '/gateway', { limits: { concurrency: 100 } })
  const key = await gateway.client({
    name: 'frontend',
    team: 'web',
    models: ['gpt-*', 'claude-haiku-*'],
    limits: { requests: { capacity: 100, per: '1h' } },
    budget: { day: 5 },
    cache: { share: 'team' },
    loop: { identical: 30, per: '1m' },
    allow: ['store'],
  })
  await gateway.post('/v1/messages', key, message('[[scenario: usage 1000 in 500 out]]'))
  await until(async () => (await gateway.state('frontend')).day?.spentUsd === 0.0035)

  const { status, body } = await gateway.admin('GET', '/explain?client=frontend&model=claude-haiku-4-5')

  assert.equal(status, 200)
  const { levels, price, ...rules } = body as {
    levels: Record<string, Record<string, Record<string, number>>>[]
    price: Record<string, unknown>
  }
  assert.deepEqual(rules, {
    client: 'frontend',
    model: 'claude-haiku-4-5',
    allowed: true,
    pattern: 'claude-haiku-*',
    models: ['gpt-*', 'claude-haiku-*'],
    obstacles: [],
    loop: { identical: 30, per: '1m' },
    allow: ['store'],
    cache: { enabled: true, ttlSeconds: 3600, share: 'team' },
    defaultMaxTokens: 4096,
    upstreams: [
      { format: 'anthropic', upstream: 'ezai' },
      { format: 'openai', upstream: 'ezai' },
    ],
  })
  assert.deepEqual(
    levels.map(({ scope, state }) => [
      scope,
      state?.day?.limitUsd,
      state?.day?.spentUsd,
      state?.month?.limitUsd,
    ]),
    [
      ['client:frontend', 5, 0.0035, undefined],
      ['team:web', undefined, 0.0035, 50],
      ['gateway', undefined, 0.0035, undefined],
    ],
  )
  assert.equal(levels[0]?.state?.requests?.available, 99)
  assert.equal(levels[0]?.state?.day?.availableUsd, 4.9965)
  assert.equal(price.version, gateway.app.prices.table.version)
  assert.partialDeepStrictEqual(price, { maxOutput: 64_000, usdPerMillionTokens: { in: '1', out: '5' } })
})

test('what stands in the way is named', async t => {
  const gateway = await startGateway(t, { env: { ANTHROPIC_API_KEY: 'sk-direct', EZAI_API_KEY: '' } })
  await gateway.client({ name: 'closed', models: ['claude-*'], budget: { day: 0 }, disabled: true })

  const { body } = await gateway.admin('GET', '/explain?client=closed&model=gpt-6-luna')

  assert.deepEqual([body.allowed, body.pattern, body.defaultMaxTokens], [false, null, 4096])
  const obstacles = body.obstacles as Record<string, string>[]
  assert.deepEqual(
    obstacles.map(({ code }) => code),
    ['invalid_key', 'model_not_allowed', 'model_not_found', 'budget_exceeded'],
  )
  const direct = await gateway.admin('GET', '/explain?client=closed&model=claude-haiku-4-5')
  assert.deepEqual(direct.body.upstreams, [
    { format: 'anthropic', upstream: 'anthropic' },
    { format: 'openai', upstream: null },
  ])
})

test('a client or a model that does not exist is a problem that says where to look', async t => {
  const gateway = await startGateway(t)
  await gateway.client({ name: 'frontend' })

  const nobody = await gateway.admin('GET', '/explain?client=nobody&model=claude-haiku-4-5')
  const nothing = await gateway.admin('GET', '/explain?client=frontend&model=claude-none')
  const unsaid = await gateway.admin('GET', '/explain?client=frontend')

  assert.deepEqual([nobody.status, nothing.status, unsaid.status], [404, 404, 400])
  assert.match(String(nobody.body.detail), /no client "nobody"; GET \/admin\/clients/)
  assert.match(String(nothing.body.detail), /no model "claude-none"; GET \/v1\/models/)
  assert.match(String(unsaid.body.detail), /model is missing; expected the name of a model/)
})
