/** GET /admin/explain: why a call of this client for this model is treated as it is. */

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { LOOKAHEAD_SECONDS } from '../../src/pricing/bound.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import { message, startGateway } from '../gateway.ts'
import { startRouted } from '../routed.ts'
import { until } from '../until.ts'
import { temporaryFolder } from '../when-over.ts'

test('explain shows every rule of a client and a model with its current numbers', async t => {
  const gateway = await startGateway(t)
  await gateway.admin('PUT', '/teams/web', { budget: { month: 50 } })
  await gateway.admin('PUT', '/gateway', { limits: { concurrency: 100 } })
  const key = await gateway.client({
    name: 'frontend',
    team: 'web',
    models: ['gpt-*', 'claude-haiku-*'],
    limits: { requests: { capacity: 100, per: '1h' }, maxWaitMs: 2000 },
    budget: { day: 5 },
    cache: { share: 'team' },
    loop: { identical: 30, per: '1m' },
    allow: ['store'],
  })
  await gateway.post('/v1/messages', key, message('[[scenario: usage 1000 in 500 out]]'))
  await until(async () => (await gateway.state('frontend')).day?.spentUsd === 0.0035)

  const { status, body } = await gateway.admin('GET', '/explain?client=frontend&model=claude-haiku-4-5')

  assert.equal(status, 200)
  const { levels, price, hold, ...rules } = body as {
    levels: Record<string, Record<string, Record<string, number>>>[]
    price: Record<string, unknown>
    hold: Record<string, unknown>
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
    maxWaitMs: 2000,
    defaultMaxTokens: null,
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
  assert.equal(hold.setting, 'growing')
  assert.deepEqual(levels[0]?.limits, { requests: { capacity: 100, per: '1h' } })
  assert.equal(levels[0]?.state?.requests?.available, 99)
  assert.equal(levels[0]?.state?.day?.availableUsd, 4.9965)
  assert.equal(price.version, gateway.app.prices.table.version)
  assert.partialDeepStrictEqual(price, { maxOutput: 64_000, usdPerMillionTokens: { in: '1', out: '5' } })
})

test('the client and the output rate of the model decide the hold of a running call', async t => {
  const gateway = await startGateway(t, { env: { PRICES_FILE: await priceFile(t) } })
  await gateway.client({ name: 'agents', budget: { day: 5 } })
  await gateway.client({ name: 'strict', budget: { day: 5 }, hold: 'ceiling' })
  const ask = async (client: string, model: string) => {
    const { status, body } = await gateway.admin('GET', `/explain?client=${client}&model=${model}`)
    assert.equal(status, 200)
    return { hold: body.hold, defaultMaxTokens: body.defaultMaxTokens }
  }

  const { price } = (await gateway.admin('GET', '/explain?client=agents&model=paced-model')).body as {
    price: { origins: Record<string, string> }
  }
  assert.partialDeepStrictEqual(price.origins, { in: 'override', out: 'override', read: 'derived' })

  const paced = {
    outputTokensPerSecond: 300,
    fasterOutput: { fast: 900 },
    lookaheadSeconds: LOOKAHEAD_SECONDS,
  }
  assert.deepEqual(await ask('agents', 'paced-model'), {
    hold: {
      setting: 'growing',
      applies: 'growing',
      reserves: `its input and the next ${LOOKAHEAD_SECONDS} s of output at 300 tokens/s (900 with fast), extended while it runs`,
      ...paced,
    },
    defaultMaxTokens: null,
  })
  assert.deepEqual(await ask('strict', 'paced-model'), {
    hold: {
      setting: 'ceiling',
      applies: 'ceiling',
      reserves: 'its input and its whole output limit',
      ...paced,
    },
    defaultMaxTokens: 900,
  })
  assert.deepEqual(await ask('agents', 'parallel-model'), {
    hold: {
      setting: 'growing',
      applies: 'ceiling',
      reserves: 'its input and its whole output limit: the price table has no output rate for this model',
      outputTokensPerSecond: null,
      fasterOutput: {},
      lookaheadSeconds: LOOKAHEAD_SECONDS,
    },
    defaultMaxTokens: null,
  })
})

test('explain names each rule that refuses the call', async t => {
  const gateway = await startGateway(t, { env: { ANTHROPIC_API_KEY: 'sk-direct', EZAI_API_KEY: '' } })
  await gateway.client({
    name: 'closed',
    models: ['claude-*'],
    budget: { day: 0 },
    hold: 'ceiling',
    disabled: true,
  })

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

test('an unknown client or model gets a problem with the path of the list', async t => {
  const gateway = await startGateway(t)
  await gateway.client({ name: 'frontend' })

  const unknown = await gateway.admin('GET', '/explain?client=unknown&model=claude-haiku-4-5')
  const nothing = await gateway.admin('GET', '/explain?client=frontend&model=claude-none')
  const unsaid = await gateway.admin('GET', '/explain?client=frontend')

  assert.deepEqual([unknown.status, nothing.status, unsaid.status], [404, 404, 400])
  assert.match(String(unknown.body.detail), /no client "unknown"\. GET \/admin\/clients/)
  assert.match(String(nothing.body.detail), /no model "claude-none"\. GET \/v1\/models/)
  assert.match(String(unsaid.body.detail), /model is missing; expected the name of a model/)
})

/** A model with an output rate, and one with only an output limit. */
async function priceFile(t: TestContext): Promise<string> {
  const row = { in: '1', out: '2', source: 'this test', checked: '2026-11-23' }
  const limits = { contextWindow: 9000, maxInput: 9000, maxOutput: 900, limitsFrom: 'this test' }
  const parallel = { maker: 'openai', kind: 'chat', hidesOutput: false, ...limits, prices: [row] }
  const rates = { maxOutputTokensPerSecond: 300, fasterOutput: { fast: 900 }, speedFrom: 'this test' }
  const models = { 'paced-model': { ...parallel, ...rates }, 'parallel-model': parallel }
  const file = join(await temporaryFolder(t), 'prices.json')
  await writeFile(file, JSON.stringify({ models }))
  return file
}

test('explain shows no numbers while counters are restored', async t => {
  const gateway = await startGateway(t)
  await gateway.admin('PUT', '/teams/web', { budget: { month: 50 } })
  const key = await gateway.client({ name: 'frontend', team: 'web', budget: { day: 5 } })
  await gateway.post('/v1/messages', key, message('[[scenario: usage 1000 in 500 out]]'))
  await until(async () => (await gateway.state('frontend')).day?.spentUsd === 0.0035)
  const redis = connectRedis(gateway.redisUrl)
  t.after(() => redis.disconnect())

  // Another replica has the lock to restore them and is slow.
  await redis.multi().flushdb().set('{tollgate}:rebuild', 'another replica').exec()

  for (const path of ['/clients/frontend', '/teams/web', '/gateway']) {
    const { body } = await gateway.admin('GET', path)
    assert.deepEqual([body.state, body.restoring], [null, true], path)
  }
  for (const kind of ['clients', 'teams']) {
    const { body } = await gateway.admin('GET', `/${kind}?state=true`)
    const listed = body[kind] as { state: unknown; restoring: boolean }[]
    assert.deepEqual(
      listed.map(({ state, restoring }) => [state, restoring]),
      [[null, true]],
    )
  }
  const { body } = await gateway.admin('GET', '/explain?client=frontend&model=claude-haiku-4-5')
  const { levels, obstacles } = body as {
    levels: { state: unknown; restoring: boolean }[]
    obstacles: { code: string }[]
  }
  assert.deepEqual(
    levels.map(({ state, restoring }) => [state, restoring]),
    [
      [null, true],
      [null, true],
      [null, true],
    ],
  )
  assert.deepEqual(
    obstacles.map(({ code }) => code),
    ['unavailable'],
  )
  const verified = await gateway.admin('GET', '/verify')
  assert.deepEqual([verified.status, verified.body.title], [503, 'Unavailable'])
  assert.match(String(verified.body.detail), /counters are being restored/)
  const metrics = await (await fetch(`${gateway.url}/metrics`)).text()
  assert.doesNotMatch(metrics, /^tollgate_gateway_spent_usd\{/m)
})

test('an open circuit is an obstacle only if no other target may serve the call', async t => {
  const { gateway, providers } = await startRouted(t, {
    names: ['first', 'second'],
    routes: [{ models: ['claude-haiku-*'], order: ['first', 'second'] }],
  })
  const key = await gateway.client({ name: 'frontend', cache: { enabled: false } })
  const explain = async () =>
    (await gateway.admin('GET', '/explain?client=frontend&model=claude-haiku-4-5')).body
  providers.first.next('status 401')

  assert.equal((await gateway.post('/v1/messages', key, message('one'))).status, 200)
  const one = await explain()
  providers.first.use(() => 'status 401')
  providers.second.use(() => 'status 401')
  // A circuit opens for a second only.
  const both = await until(async () => {
    await gateway.post('/v1/messages', key, message('two'))
    const { obstacles } = await explain()
    return Array.isArray(obstacles) && obstacles.length === 2 && obstacles
  })

  assert.deepEqual(one.obstacles, [])
  assert.match(
    both[0].detail,
    /^first does not accept the gateway's key or account: the provider answered 401/,
  )
  assert.match(both[1].detail, /^second does not accept/)
})
