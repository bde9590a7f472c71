/** Every refusal that concerns money: its status, its fields, its headers, on both families of routes. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { chat, type Gateway, message, startGateway } from '../gateway.ts'
import { until } from '../until.ts'

type Details = Record<string, string | number>

interface Refused {
  status: number
  headers: Headers
  error: { type: string; code?: string; message: string; details: Details }
}

/** A prompt's hold is a little more than its bytes; the tests count with the output limits. */
const CEILING = 1000
const families = {
  anthropic: {
    path: '/v1/messages',
    ask: (prompt: string, more = {}) => message(prompt, { max_tokens: CEILING, ...more }),
  },
  openai: {
    path: '/v1/chat/completions',
    ask: (
      prompt: string,
      { max_tokens = CEILING, ...more }: { max_tokens?: number } & Record<string, unknown> = {},
    ) => chat(prompt, { model: 'gpt-6-sol', max_completion_tokens: max_tokens, ...more }),
  },
}
type Family = keyof typeof families

async function arrange(t: TestContext, settings: Record<string, unknown>, env: Record<string, string> = {}) {
  const gateway = await startGateway(t, { env })
  const key = await gateway.client({ name: 'frontend', cache: { enabled: false }, ...settings })
  const send = (family: Family, prompt: string, more = {}) =>
    gateway.post(families[family].path, key, families[family].ask(prompt, more))
  const refuse = async (family: Family, prompt: string, more = {}): Promise<Refused> => {
    const response = await send(family, prompt, more)
    const { error } = (await response.json()) as { error: Refused['error'] }
    return { status: response.status, headers: response.headers, error }
  }
  return { gateway, key, send, refuse }
}

async function spend(gateway: Gateway, usd: number) {
  return until(async () => {
    const { day } = await gateway.state('frontend')
    return day?.spentUsd === usd && day.heldUsd === 0
  })
}

function assertFinal({ headers }: Refused) {
  assert.equal(headers.get('x-should-retry'), 'false')
  assert.equal(headers.get('retry-after'), null)
  assert.equal(headers.get('retry-after-ms'), null)
}

const statuses = [
  { family: 'anthropic', env: {}, status: 402, type: 'billing_error', code: undefined },
  { family: 'openai', env: {}, status: 402, type: 'insufficient_quota', code: 'insufficient_quota' },
  {
    family: 'openai',
    env: { BUDGET_STATUS_OPENAI: '429' },
    status: 429,
    type: 'insufficient_quota',
    code: 'insufficient_quota',
  },
  {
    family: 'anthropic',
    env: { BUDGET_STATUS_OPENAI: '429' },
    status: 402,
    type: 'billing_error',
    code: undefined,
  },
] as const

for (const { family, env, status, type, code } of statuses) {
  const where = `on ${family} routes${'BUDGET_STATUS_OPENAI' in env ? ' where OpenAI’s status is set to 429' : ''}`

  test(`a call that can never fit gets ${status} ${where}, with the output limit that fits`, async t => {
    const { refuse } = await arrange(t, { budget: { day: 0.002 } }, env)

    const refused = await refuse(family, 'hello')

    assert.deepEqual([refused.status, refused.error.type, refused.error.code], [status, type, code])
    const { estimated_usd, max_tokens_that_fit, ...details } = refused.error.details
    assert.deepEqual(details, {
      error_code: 'request_exceeds_budget',
      scope: 'client:frontend',
      window: 'day',
      limit_usd: 0.002,
    })
    assert.ok(Number(estimated_usd) > 0.002 && Number(estimated_usd) < 0.02, `${estimated_usd}`)
    assert.ok(Number(max_tokens_that_fit) > 0 && Number(max_tokens_that_fit) < CEILING)
    assertFinal(refused)
  })

  test(`a spent budget gives ${status} ${where}, with the time of its reset`, async t => {
    const { gateway, send, refuse } = await arrange(t, { budget: { month: 0.02 } }, env)
    const usage = family === 'anthropic' ? 'usage 2 in 900 out' : 'usage 2 in 1000 out'
    const each = family === 'anthropic' ? 0.004502 : 0.010004
    const served = family === 'anthropic' ? 4 : 1
    for (let i = 0; i < served; i++) {
      assert.equal((await send(family, `[[scenario: ${usage}]]`)).status, 200)
      await spend(gateway, Math.round(each * (i + 1) * 1e9) / 1e9)
    }

    const refused = await refuse(family, 'hello')

    assert.deepEqual([refused.status, refused.error.type, refused.error.code], [status, type, code])
    const { resets_at, max_tokens_that_fit, ...details } = refused.error.details
    const now = new Date()
    const monthEnd = new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + 1))
    assert.deepEqual(details, {
      error_code: 'budget_exceeded',
      scope: 'client:frontend',
      window: 'month',
      limit_usd: 0.02,
      spent_usd: Math.round(each * served * 1e9) / 1e9,
      held_usd: 0,
    })
    assert.equal(resets_at, monthEnd.toISOString())
    assert.ok(Number(max_tokens_that_fit) > 0 && Number(max_tokens_that_fit) < CEILING)
    assertFinal(refused)
  })
}

for (const family of ['anthropic', 'openai'] as const) {
  test(`on ${family} routes the output limit in a refusal fits exactly`, async t => {
    const { gateway, send, refuse } = await arrange(t, { team: 'web', budget: { day: 0.05, month: 0.04 } })
    // An upstream without a counter leaves only bounds by bytes; the tightest of all budgets decides.
    gateway.provider.use(({ path }) => (path.includes('count_tokens') ? 'status 404' : undefined))
    await gateway.admin('PUT', '/teams/web', { budget: { month: 0.02 } })
    await send(family, '[[scenario: usage 2 in 300 out]]')
    await until(async () => Number((await gateway.state('frontend')).day?.spentUsd) > 0)
    for (const tooMany of [50_000, 3900]) {
      const { max_tokens_that_fit: fits } = (await refuse(family, 'hello', { max_tokens: tooMany })).error
        .details
      assert.ok(Number(fits) > 0)

      const oneMore = await refuse(family, 'hello', { max_tokens: Number(fits) + 1 })
      const exactly = await send(family, 'hello', { max_tokens: fits })

      assert.match(String(oneMore.error.details.error_code), /budget_exceeded|request_exceeds_budget/)
      assert.equal(exactly.status, 200)
      await until(async () => (await gateway.state('frontend')).day?.heldUsd === 0)
    }
  })
}

test('a refusal names no output limit if not even one token fits', async t => {
  const { refuse } = await arrange(t, { budget: { day: 0.000001 } })

  for (const family of ['anthropic', 'openai'] as const) {
    const { error } = await refuse(family, 'hello')
    assert.equal(error.details.error_code, 'request_exceeds_budget')
    assert.equal('max_tokens_that_fit' in error.details, false)
  }
})

test('the refusal of an embedding names no output limit', async t => {
  const { gateway, key } = await arrange(t, { budget: { day: 0.000000001 } })

  const response = await gateway.post('/v1/embeddings', key, {
    model: 'text-embedding-3-small',
    input: 'hello',
  })

  const { error } = (await response.json()) as { error: Refused['error'] }
  assert.equal(error.details.error_code, 'request_exceeds_budget')
  assert.equal('max_tokens_that_fit' in error.details, false)
})

for (const family of ['anthropic', 'openai'] as const) {
  test(`on ${family} routes a budget that running calls hold gives 429 with a short wait`, async t => {
    const { gateway, send, refuse } = await arrange(t, {
      budget: { day: family === 'anthropic' ? 0.008 : 0.016 },
    })
    const running = send(family, '[[scenario: hold, usage 2 in 2 out]]')
    await gateway.provider.waitForCall()
    const { day } = await gateway.state('frontend')

    const refused = await refuse(family, 'hello')

    assert.equal(refused.status, 429)
    assert.equal(refused.error.type, family === 'anthropic' ? 'rate_limit_error' : 'rate_limit_exceeded')
    assert.deepEqual(refused.error.details, {
      error_code: 'budget_in_flight',
      scope: 'client:frontend',
      window: 'day',
      limit_usd: day?.limitUsd,
      spent_usd: 0,
      held_usd: day?.heldUsd,
    })
    assert.ok(Number(day?.heldUsd) > 0)
    const seconds = Number(refused.headers.get('retry-after'))
    assert.ok(seconds >= 1 && seconds <= 5)
    assert.equal(refused.headers.get('x-should-retry'), null)
    gateway.provider.release()
    assert.equal((await running).status, 200)
    assert.equal((await send(family, 'hello')).status, 200)
  })
}

test('the refusal names the team or gateway whose budget is spent', async t => {
  const { gateway, refuse } = await arrange(t, { team: 'web' })

  await gateway.admin('PUT', '/teams/web', { budget: { month: 0.001 } })
  const byTeam = await refuse('anthropic', 'hello')
  await gateway.admin('PUT', '/teams/web', {})
  await gateway.admin('PUT', '/gateway', { budget: { day: 0.001 } })
  const byGateway = await refuse('anthropic', 'hello')

  assert.deepEqual([byTeam.error.details.scope, byTeam.error.details.window], ['team:web', 'month'])
  assert.deepEqual([byGateway.error.details.scope, byGateway.error.details.window], ['gateway', 'day'])
})

test('a refusal takes no request, no token and no money', async t => {
  const limits = {
    requests: { capacity: 10, per: '1h' },
    tokens: { capacity: 100_000, per: '1h' },
    concurrency: 1,
  }
  const { gateway, refuse } = await arrange(t, { budget: { day: 0.001 }, limits })

  await refuse('anthropic', 'hello')

  const { requests, tokens, concurrency, day } = await gateway.state('frontend')
  assert.deepEqual(
    [requests?.available, tokens?.available, concurrency?.running, day?.spentUsd, day?.heldUsd],
    [10, 100_000, 0, 0, 0],
  )
})

const openings: { what: string; path: string; body: object; feature: string; allow: string }[] = [
  {
    what: 'a search that the provider runs',
    path: '/v1/messages',
    body: message('hello', { tools: [{ type: 'web_search_20260318', name: 'web_search' }] }),
    feature: 'web_search_20260318',
    allow: 'server_tools',
  },
  {
    what: 'servers of tools',
    path: '/v1/messages',
    body: message('hello', { mcp_servers: [{ type: 'url', url: 'https://a.example', name: 'a' }] }),
    feature: 'mcp_servers',
    allow: 'server_tools',
  },
  {
    what: 'a container of an earlier call',
    path: '/v1/messages',
    body: message('hello', { container: 'container_1' }),
    feature: 'container',
    allow: 'stored',
  },
  {
    what: 'an uploaded file',
    path: '/v1/messages',
    body: message('hello', {
      messages: [
        { role: 'user', content: [{ type: 'document', source: { type: 'file', file_id: 'file_1' } }] },
      ],
    }),
    feature: 'file ids',
    allow: 'files',
  },
  {
    what: 'a stored conversation',
    path: '/v1/responses',
    body: { model: 'gpt-6-luna', input: 'hello', max_output_tokens: 100, conversation: 'conv_1' },
    feature: 'conversation',
    allow: 'stored',
  },
  {
    what: 'work in the background',
    path: '/v1/responses',
    body: { model: 'gpt-6-luna', input: 'hello', max_output_tokens: 100, background: true },
    feature: 'background',
    allow: 'background',
  },
  {
    what: 'a search in OpenAI’s chat',
    path: '/v1/chat/completions',
    body: chat('hello', { web_search_options: { search_context_size: 'low' } }),
    feature: 'web_search_options',
    allow: 'server_tools',
  },
]

for (const { what, path, body, feature, allow } of openings) {
  test(`${what} is refused where a budget binds, and open to a client that is allowed ${allow}`, async t => {
    const { gateway, key } = await arrange(t, { budget: { day: 50 } })

    const refused = await gateway.post(path, key, body)
    await gateway.admin('PATCH', '/clients/frontend', { allow: [allow] })
    const allowed = await gateway.post(path, key, body)
    await gateway.admin('PATCH', '/clients/frontend', { allow: null, budget: null })
    const unbound = await gateway.post(path, key, body)

    const { error } = (await refused.json()) as { error: Refused['error'] }
    assert.equal(refused.status, 400)
    assert.equal(error.type, 'invalid_request_error')
    assert.deepEqual(error.details, { error_code: 'unbounded_feature', feature, allow })
    assert.match(error.message, new RegExp(`${feature} .* allow: \\["${allow}"\\]`))
    assert.deepEqual([allowed.status, unbound.status], [200, 200])
  })
}

test('hold: ceiling gives a request without an output limit a limit under a budget, and a header names it', async t => {
  const settings = { budget: { day: 5 }, hold: 'ceiling' }
  const { gateway, key } = await arrange(t, settings, { DEFAULT_MAX_TOKENS: '300' })

  const bound = await gateway.post('/v1/chat/completions', key, chat('hello'))
  await gateway.admin('PATCH', '/clients/frontend', { budget: null })
  const free = await gateway.post('/v1/chat/completions', key, chat('hello'))

  assert.deepEqual(
    [bound, free].map(({ headers }) => headers.get('x-tollgate-max-tokens')),
    ['300', null],
  )
  const [first, second] = gateway.provider.calls.map(({ body }) => JSON.parse(body.toString()))
  assert.equal(first.max_completion_tokens, 300)
  assert.equal('max_completion_tokens' in second, false)
})

for (const family of ['anthropic', 'openai'] as const) {
  test(`on ${family} routes a repeated request above the loop limit is refused, and a different one is not`, async t => {
    const { send, refuse } = await arrange(t, { loop: { identical: 3, per: '1h' } })
    for (let i = 0; i < 3; i++) assert.equal((await send(family, 'again')).status, 200)

    const refused = await refuse(family, 'again')

    assert.equal(refused.status, 429)
    assert.deepEqual(
      [refused.error.details.error_code, refused.error.details.scope],
      ['loop_detected', 'client:frontend'],
    )
    const wait = Number(refused.error.details.retry_after_ms)
    assert.ok(wait > 1_100_000 && wait <= 1_200_000, `a third of an hour, not ${wait}`)
    assert.equal(refused.headers.get('retry-after'), String(Math.ceil(wait / 1000)))
    assert.equal(refused.headers.get('retry-after-ms'), String(wait))
    assert.equal(refused.headers.get('x-should-retry'), 'false')
    assert.equal((await send(family, 'something else')).status, 200)
  })
}

test('the output limit in a refusal fits, also if the request had none', async t => {
  const { gateway, key } = await arrange(t, { budget: { day: 0.001 } })
  const ask = (more: object) => chat('hello', { model: 'gpt-6-sol', ...more })
  const first = await gateway.post('/v1/chat/completions', key, ask({}))
  const { error } = (await first.json()) as { error: Refused['error'] }
  assert.equal(error.details.error_code, 'request_exceeds_budget')

  const again = await gateway.post(
    '/v1/chat/completions',
    key,
    ask({ max_completion_tokens: Number(error.details.max_tokens_that_fit) }),
  )

  assert.equal(again.status, 200)
})

test('a caller’s text in a feature name does not reach the log', async t => {
  const { gateway, key } = await arrange(t, { budget: { day: 5 } })

  const refused = await gateway.post('/v1/responses', key, {
    model: 'gpt-6-luna',
    input: 'hi',
    tools: [{ type: 'SECRETPROMPT' }],
  })

  assert.equal(refused.status, 400)
  const line = await gateway.line(refused.headers.get('request-id'))
  assert.doesNotMatch(JSON.stringify(line), /SECRETPROMPT/)
})

/** A large body whose letters get longer, so that measuring it means normalising it. */
const long = 'ŉ'.repeat(150_000)

/** Counts the texts that are normalised while a call is made. */
async function normalisedDuring(t: TestContext, call: () => Promise<Response>) {
  const watched = t.mock.method(String.prototype, 'normalize')
  const response = await call()
  const { error } = (await response.json()) as {
    error: { message: string; details: Record<string, unknown> }
  }
  const times = watched.mock.callCount()
  watched.mock.restore()
  return { status: response.status, error, times }
}

test('a client with nothing left of its budget is refused before its prompt is measured', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', budget: { day: 5, month: 50 } })
  await gateway.post('/v1/messages', key, message('hello'))
  await until(async () => Number((await gateway.state('frontend')).day?.spentUsd) > 0)
  await gateway.admin('PATCH', '/clients/frontend', { budget: { day: 0.000001, month: 0.000001 } })
  await until(async () => (await gateway.post('/v1/messages', key, message('hello again'))).status === 402)

  const refused = await normalisedDuring(t, () => gateway.post('/v1/messages', key, message(long)))

  assert.deepEqual([refused.status, refused.times], [402, 0])
  assert.equal(refused.error.details.error_code, 'budget_exceeded')
  assert.equal(refused.error.details.window, 'month')
  assert.match(String(refused.error.details.resets_at), /^20\d\d-\d\d-01T00:00:00/)
})

test('a call for a model outside the allow-list is refused before its prompt is measured', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', models: ['gpt-*'], budget: { day: 5 } })

  const refused = await normalisedDuring(t, () => gateway.post('/v1/messages', key, message(long)))

  assert.deepEqual([refused.status, refused.times], [404, 0])
})

test('a disabled client is refused before its prompt is measured', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', disabled: true })

  const refused = await normalisedDuring(t, () => gateway.post('/v1/messages', key, message(long)))

  assert.deepEqual([refused.status, refused.times], [403, 0])
})

test('a client with nothing left of its budget still gets a cached response to a long prompt', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 } })
  const body = message(long)
  await gateway.post('/v1/messages', key, body)
  await until(async () => (await gateway.post('/v1/messages', key, body)).headers.get('x-cache') === 'HIT')
  await gateway.admin('PATCH', '/clients/frontend', { budget: { day: 0 } })
  await until(async () => (await gateway.post('/v1/messages', key, message('another'))).status === 402)

  const again = await gateway.post('/v1/messages', key, body)

  assert.deepEqual([again.status, again.headers.get('x-cache')], [200, 'HIT'])
})

test('an embedding of an empty text reserves the price of one token', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 } })

  const response = await gateway.post('/v1/embeddings', key, { model: 'text-embedding-3-small', input: '' })

  assert.equal(response.status, 200)
  const [call] = await until(async () => {
    const { calls } = (await gateway.admin('GET', '/calls')).body as { calls: { heldUsd: number }[] }
    return calls.length > 0 && calls
  })
  assert.equal(call?.heldUsd, 0.02 / 1e6)
})
