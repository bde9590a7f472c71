import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { chat, type Gateway, message, startGateway } from '../gateway.ts'
import { ownRedis } from '../servers.ts'
import { until } from '../until.ts'
import { fixedUpstream, upstream } from '../upstream.ts'

async function arrange(
  t: TestContext,
  env: Record<string, string> = {},
  settings: Record<string, unknown> = {},
) {
  const gateway = await startGateway(t, { env })
  return { gateway, key: await gateway.client({ name: 'frontend', ...settings }) }
}

async function ask({ post }: Gateway, key: string, prompt: string, headers: Record<string, string> = {}) {
  const response = await post('/v1/messages', key, message(prompt), { headers })
  return {
    cache: response.headers.get('x-cache'),
    age: response.headers.get('age'),
    status: response.status,
    text: await response.text(),
  }
}

/** A response is stored after the caller has it: repeats the request until the cache has it. */
async function untilCached(gateway: Gateway, key: string, prompt: string) {
  return until(async () => {
    const response = await ask(gateway, key, prompt)
    return response.cache === 'HIT' && response
  })
}

/** The client's state once no call of its is running. */
async function settled(gateway: Gateway) {
  return until(async () => {
    const state = await gateway.state('frontend')
    return state.concurrency?.running === 0 && state
  })
}

test('an identical request gets the cached response with its age at no cost', async t => {
  const { gateway, key } = await arrange(t, {}, { budget: { day: 5 }, limits: { concurrency: 10 } })
  const first = await ask(gateway, key, 'hello')
  await untilCached(gateway, key, 'hello')
  const { day: before } = await settled(gateway)

  const again = await ask(gateway, key, 'hello')

  assert.deepEqual([first.cache, again.cache], ['MISS', 'HIT'])
  assert.equal(again.text, first.text)
  assert.match(again.age ?? '', /^\d+$/)
  assert.equal((await settled(gateway)).day?.spentUsd, before?.spentUsd)
  const line = await until(async () => gateway.calls().find(({ outcome }) => outcome === 'cached'))
  assert.equal(line.costUsd, 0)
  assert.ok(Number(line.savedUsd) > 0)
})

test('a cache hit takes one request and no tokens of the limits', async t => {
  const limits = {
    requests: { capacity: 1000, per: '1d' },
    tokens: { capacity: 10_000, per: '1d' },
    concurrency: 10,
  }
  const { gateway, key } = await arrange(t, {}, { limits })
  await ask(gateway, key, 'hello')
  await untilCached(gateway, key, 'hello')
  const before = await settled(gateway)

  const again = await ask(gateway, key, 'hello')

  assert.equal(again.cache, 'HIT')
  const after = await settled(gateway)
  assert.equal(after.requests?.available, Number(before.requests?.available) - 1)
  assert.equal(after.tokens?.available, before.tokens?.available)
})

test('a different query, version or body byte misses the cache', async t => {
  const { gateway, key } = await arrange(t)
  await ask(gateway, key, 'hello')
  await untilCached(gateway, key, 'hello')

  const otherByte = await ask(gateway, key, 'hello ')
  const otherVersion = await ask(gateway, key, 'hello', { 'anthropic-version': '2026-10-21' })
  const otherBeta = await ask(gateway, key, 'hello', { 'anthropic-beta': 'something' })
  const otherQuery = await gateway.post('/v1/messages?beta=true', key, message('hello'))

  assert.deepEqual(
    [otherByte.cache, otherVersion.cache, otherBeta.cache, otherQuery.headers.get('x-cache')],
    ['MISS', 'MISS', 'MISS', 'MISS'],
  )
})

test('a client gets the cached response of another client only if both share', async t => {
  const { gateway, key } = await arrange(t)
  const unrelated = await gateway.client({ name: 'backend' })
  const open = await gateway.client({ name: 'open', cache: { share: 'all' } })
  const alsoOpen = await gateway.client({ name: 'also-open', cache: { share: 'all' } })
  await ask(gateway, key, 'hello')
  await untilCached(gateway, key, 'hello')

  assert.equal((await ask(gateway, unrelated, 'hello')).cache, 'MISS')
  assert.equal((await ask(gateway, open, 'hello')).cache, 'MISS')
  await untilCached(gateway, open, 'hello')
  assert.equal((await ask(gateway, alsoOpen, 'hello')).cache, 'HIT')
})

test('clients of a team share cached responses within the team', async t => {
  const gateway = await startGateway(t)
  await gateway.admin('PUT', '/teams/web', {})
  const one = await gateway.client({ name: 'one', team: 'web', cache: { share: 'team' } })
  const two = await gateway.client({ name: 'two', team: 'web', cache: { share: 'team' } })
  const outside = await gateway.client({ name: 'outside', cache: { share: 'team' } })
  await ask(gateway, one, 'hello')
  await untilCached(gateway, one, 'hello')

  assert.equal((await ask(gateway, two, 'hello')).cache, 'HIT')
  assert.equal((await ask(gateway, outside, 'hello')).cache, 'MISS')
})

test('a response under an added output limit is not a hit for a request without a limit', async t => {
  const { gateway, key } = await arrange(
    t,
    {},
    { budget: { day: 5 }, hold: 'ceiling', cache: { share: 'all' } },
  )
  const unbound = await gateway.client({ name: 'unbound', cache: { share: 'all' } })
  const question = { model: 'gpt-6-luna', messages: [{ role: 'user', content: 'hello' }] }
  const cached = async (who: string) =>
    (await gateway.post('/v1/chat/completions', who, question)).headers.get('x-cache')
  await until(async () => (await cached(key)) === 'HIT')

  assert.equal(await cached(unbound), 'MISS')
})

for (const [what, more] of [
  ['a conversation', { conversation: 'conv_1' }],
  ['a reply to an earlier response', { previous_response_id: 'resp_1' }],
  ['a job in the background', { background: true }],
] as const) {
  test(`${what} is never served from the cache`, async t => {
    const { gateway, key } = await arrange(t, {}, { allow: ['stored', 'store'] })
    const body = { model: 'gpt-6-luna', input: 'next', ...more }

    for (let i = 0; i < 2; i++) {
      const response = await gateway.post('/v1/responses', key, body)
      assert.equal(response.headers.get('x-cache'), 'BYPASS')
    }

    assert.equal(gateway.provider.calls.length, 2)
  })
}

test('no-cache and max-age=0 make a new call and store its response, and no-store stores nothing', async t => {
  const { gateway, key } = await arrange(t)
  await ask(gateway, key, 'hello')
  await untilCached(gateway, key, 'hello')

  const anew = await ask(gateway, key, 'hello', { 'cache-control': 'no-cache' })
  const fresh = await ask(gateway, key, 'hello', { 'cache-control': 'max-age=0' })
  const unstored = await ask(gateway, key, 'secret', { 'cache-control': 'no-store' })
  await until(async () => gateway.calls().filter(({ cache }) => cache === 'BYPASS').length === 3)
  const after = await ask(gateway, key, 'secret')

  assert.equal(anew.cache, 'BYPASS')
  assert.equal(fresh.cache, 'BYPASS')
  assert.equal(unstored.cache, 'BYPASS')
  assert.equal(after.cache, 'MISS')
})

const anew: Record<string, string>[] = [
  { pragma: 'no-cache' },
  { 'cache-control': 'max-age="0", no-transform' },
  { 'cache-control': 'max-age=0, max-age=600' },
  { 'cache-control': 'max-age=600, max-age=0' },
  { 'cache-control': 'max-age=0.5' },
]
for (const headers of anew) {
  test(`${JSON.stringify(headers)} makes a new call`, async t => {
    const { gateway, key } = await arrange(t)
    await untilCached(gateway, key, 'hello')

    const { cache } = await ask(gateway, key, 'hello', headers)

    assert.equal(cache, 'BYPASS')
  })
}

test('max-age accepts a cached response up to that age, and makes a new call beyond it', async t => {
  const { gateway, key } = await arrange(t)
  await untilCached(gateway, key, 'hello')

  const young = await ask(gateway, key, 'hello', { 'cache-control': 'max-age=600' })
  const old = await until(async () => {
    const response = await ask(gateway, key, 'hello', { 'cache-control': 'max-age=1' })
    return response.cache !== 'HIT' && response
  })

  assert.deepEqual([young.cache, old.cache, old.status], ['HIT', 'MISS', 200])
})

test('only-if-cached gets a cached response, or 504 without a call', async t => {
  const { gateway, key } = await arrange(t, {}, { limits: { requests: { capacity: 1000, per: '1d' } } })
  const onlyIfCached = { 'cache-control': 'only-if-cached' }
  await untilCached(gateway, key, 'hello')
  const { length } = gateway.provider.calls
  const before = (await gateway.state('frontend')).requests?.available

  const cached = await ask(gateway, key, 'hello', onlyIfCached)
  const missing = await ask(gateway, key, 'another', onlyIfCached)
  const stream = await gateway.post('/v1/messages', key, message('hello', { stream: true }), {
    headers: onlyIfCached,
  })

  assert.deepEqual([cached.status, cached.cache], [200, 'HIT'])
  assert.deepEqual([missing.status, JSON.parse(missing.text).error.details.error_code], [504, 'not_cached'])
  assert.equal(stream.status, 504)
  assert.equal(gateway.provider.calls.length, length)
  assert.equal((await gateway.state('frontend')).requests?.available, Number(before) - 1)
})

test('errors, broken responses and oversized responses are not cached', async t => {
  const { gateway, key } = await arrange(t, { CACHE_MAX_BYTES: '100' })
  for (const prompt of [
    '[[scenario: status 500]]',
    '[[scenario: status 400]]',
    '[[scenario: die]]',
    'over 100 bytes',
  ]) {
    const status = (await ask(gateway, key, prompt)).status
    assert.equal((await ask(gateway, key, prompt)).cache, 'MISS', `${prompt} (${status})`)
  }
})

const usage = { input_tokens: 10, output_tokens: 5 }
const content = [{ type: 'text', text: 'hi' }]
const unfit: [status: number, body: object][] = [
  [200, {}],
  [200, { message: 'model is loading' }],
  [200, { success: false, code: 429 }],
  [200, { error: ['x'] }],
  [200, { usage }],
  [200, { content: null, usage }],
  [200, { content: [] }],
  [200, { content: [], stop_reason: 'end_turn', usage }],
  [200, { content: 'x', stop_reason: 'end_turn', usage }],
  [200, { content, usage }],
  [200, { type: 'error', content, stop_reason: 'end_turn', usage }],
  [200, { success: false, content, stop_reason: 'end_turn', usage }],
  [200, { content, stop_reason: 'end_turn', usage: { input_tokens: 0, output_tokens: 0 } }],
  [201, { content, stop_reason: 'end_turn', usage }],
  [206, { content, stop_reason: 'end_turn', usage }],
]
for (const [status, body] of unfit) {
  test(`a ${status} response ${JSON.stringify(body)} is not cached`, async t => {
    const url = await upstream(t, response => {
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))
    })
    const { gateway, key } = await arrange(t, { EZAI_BASE_URL: url })
    await ask(gateway, key, 'hello')
    await settled(gateway)

    // It is settled, and possibly stored, before the next admission.
    assert.equal((await ask(gateway, key, 'hello')).cache, 'MISS')
  })
}

const unfitOpenai: [path: string, request: object, response: object][] = [
  ...[[], {}, 'x', [null], [{ index: 0 }], [{ message: null, finish_reason: 'stop' }]].map(
    choices => ['/v1/chat/completions', chat('hello'), { choices }] as [string, object, object],
  ),
  ...['error', null].map(
    finish_reason =>
      ['/v1/chat/completions', chat('hello'), { choices: [{ message: {}, finish_reason }] }] as [
        string,
        object,
        object,
      ],
  ),
  ...['in_progress', 'queued', 'cancelled', 'incomplete', undefined].map(
    status =>
      [
        '/v1/responses',
        { model: 'gpt-6-luna', input: 'hello' },
        { status, output: [{ type: 'message' }] },
      ] as [string, object, object],
  ),
  ['/v1/responses', { model: 'gpt-6-luna', input: 'hello' }, { status: 'completed', output: [] }],
  ['/v1/embeddings', { model: 'text-embedding-3-small', input: 'hello' }, { data: [] }],
]
for (const [path, request, response] of unfitOpenai) {
  test(`a response ${JSON.stringify(response)} of ${path} is not cached`, async t => {
    const numbers = { prompt_tokens: 10, completion_tokens: 5, input_tokens: 10, output_tokens: 5 }
    const body = JSON.stringify({ ...response, usage: numbers })
    const { gateway, key } = await arrange(t, {
      EZAI_BASE_URL: await fixedUpstream(t, 'application/json', body),
    })
    await gateway.post(path, key, request)
    await settled(gateway)

    assert.equal((await gateway.post(path, key, request)).headers.get('x-cache'), 'MISS')
  })
}

test('a response is cached for the time in the client’s settings', async t => {
  const { gateway, key } = await arrange(t, {}, { cache: { ttlSeconds: 1 } })
  await ask(gateway, key, 'hello')
  await untilCached(gateway, key, 'hello')

  const expired = await until(async () => {
    const response = await ask(gateway, key, 'hello')
    return response.cache === 'MISS' && response
  })

  assert.equal(expired.status, 200)
})

test('the cache is off for a client without the setting', async t => {
  const { gateway, key } = await arrange(t, {}, { cache: { enabled: false } })
  await ask(gateway, key, 'hello')

  assert.equal((await ask(gateway, key, 'hello')).cache, 'BYPASS')
})

test('cached responses stay within the total size, and the oldest are removed first', async t => {
  const redis = await ownRedis(t)
  const gateway = await startGateway(t, { env: { CACHE_TOTAL_BYTES: '2000' }, redisUrl: redis.url })
  const key = await gateway.client({ name: 'frontend' })

  for (let i = 0; i < 10; i++) await ask(gateway, key, `question ${i}`)
  await untilCached(gateway, key, 'question 9')

  const cached = Number(await gateway.app.redis.get('{tollgate}:cache:bytes'))
  const found = await gateway.app.redis.keys('{tollgate}:cache:client:*')
  assert.ok(cached > 0 && cached <= 2000, `${cached} bytes`)
  assert.ok(found.length < 10, `${found.length} responses`)
})

test('a cached value that cannot be read fails its call, and no other', async t => {
  const { gateway, key } = await arrange(t)
  await untilCached(gateway, key, 'hello')
  const [cached = ''] = await gateway.app.redis.keys('{tollgate}:cache:client:*')
  await gateway.app.redis.set(cached, 'not a response')

  const { status } = await ask(gateway, key, 'hello', { 'cache-control': 'max-age=60' })

  assert.equal(status, 500)
  assert.equal((await ask(gateway, key, 'other')).status, 200)
})

for (const cache of [{ share: 'client' }, { enabled: false }]) {
  test(`another replica serves no hit after the settings change to ${JSON.stringify(cache)}`, async t => {
    const first = await startGateway(t)
    const { redisUrl, databaseUrl, provider } = first
    const second = await startGateway(t, { redisUrl, databaseUrl, provider })
    const key = await first.client({ name: 'frontend', cache: { share: 'all' } })
    await untilCached(second, key, 'hello')

    assert.equal((await first.admin('PATCH', '/clients/frontend', { cache })).status, 200)

    assert.notEqual((await ask(second, key, 'hello')).cache, 'HIT')
  })
}
