/** Bytes to the provider and back: the gateway forwards, removes or refuses them. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:net'
import { type TestContext, test } from 'node:test'
import { chat, message, startGateway, UPSTREAM_KEY } from '../gateway.ts'
import { upstreamHeaders } from '../provider.ts'
import { freePort } from '../servers.ts'
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

test('a body is forwarded byte for byte, with its query, its version and its betas', async t => {
  const { gateway, key } = await arrange(t)
  const body =
    '{ "max_tokens":\t10,\r\n"model":"claude-haiku-4-5" , "messages":[{"role":"user","content":"\\u00e4 é \\ud83d\\ude00"}],"unknown":1.0}'

  await gateway.post('/v1/messages?beta=true', key, body, {
    headers: {
      'anthropic-version': '2023-06-01',
      'anthropic-beta': 'one-2026-01-01,two-2026-02-02',
      cookie: 'a=b',
      'x-mine': '1',
    },
  })

  const [call] = gateway.provider.calls
  assert.equal(call?.body.toString(), body)
  assert.equal(call?.path, '/v1/messages?beta=true')
  assert.equal(call?.headers['anthropic-beta'], 'one-2026-01-01,two-2026-02-02')
  assert.equal(call?.headers['anthropic-version'], '2023-06-01')
  assert.equal(call?.headers['x-api-key'], UPSTREAM_KEY)
  for (const name of ['cookie', 'x-mine', 'authorization', 'x-gateway-key'])
    assert.equal(call?.headers[name], undefined, name)
})

test('OpenAI routes send the key as a bearer token', async t => {
  const { gateway, key } = await arrange(t)

  await gateway.post('/v1/chat/completions', key, chat('hello'))

  assert.equal(gateway.provider.calls[0]?.headers.authorization, `Bearer ${UPSTREAM_KEY}`)
  assert.equal(gateway.provider.calls[0]?.headers['x-api-key'], undefined)
})

test('the provider’s limits, ids and cookies do not reach a caller', async t => {
  const { gateway, key } = await arrange(t)
  for (const [path, body] of [
    ['/v1/messages', message('hello')],
    ['/v1/messages', message('hello', { stream: true })],
    ['/v1/chat/completions', chat('hello')],
    ['/v1/chat/completions', chat('hello', { stream: true })],
  ] as const) {
    const reply = await gateway.post(path, key, body)
    await reply.text()

    for (const family of Object.values(upstreamHeaders)) {
      for (const [name, value] of Object.entries(family))
        assert.notEqual(reply.headers.get(name), value, name)
    }
    assert.match(reply.headers.get('request-id') ?? '', /^req_/)
    assert.equal(reply.headers.get('request-id'), reply.headers.get('x-request-id'))
  }
})

test('a response names the upstream that answered, also on a stream, an error and a cache hit; a refusal has none', async t => {
  const { gateway, key } = await arrange(t, {}, { models: ['claude-haiku-*', 'gpt-*'] })
  const named = async (path: string, body: unknown) => {
    const response = await gateway.post(path, key, body)
    await response.text()
    return [response.status, response.headers.get('x-tollgate-upstream')]
  }

  assert.deepEqual(await named('/v1/messages', message('hello')), [200, 'ezai'])
  assert.deepEqual(await named('/v1/messages', message('hello', { stream: true })), [200, 'ezai'])
  assert.deepEqual(await named('/v1/chat/completions', chat('hello')), [200, 'ezai'])
  assert.deepEqual(await named('/v1/messages', message('[[scenario: status 529]]')), [529, 'ezai'])
  assert.deepEqual(await named('/v1/messages', message('hello', { model: 'claude-opus-5-5' })), [404, null])
  await until(async () => {
    const hit = await gateway.post('/v1/messages', key, message('hello'))
    return hit.headers.get('x-cache') === 'HIT' && hit.headers.get('x-tollgate-upstream') === 'ezai'
  })
})

test('the gateway requests a usage frame, reads it, and removes it if the caller did not request it', async t => {
  const { gateway, key } = await arrange(t)

  const plain = await (
    await gateway.post('/v1/chat/completions', key, chat('hello', { stream: true }))
  ).text()
  const asked = await (
    await gateway.post(
      '/v1/chat/completions',
      key,
      chat('hello', { stream: true, stream_options: { include_usage: true } }),
    )
  ).text()

  const [first] = gateway.provider.calls
  assert.equal(JSON.parse(first?.body.toString() ?? '{}').stream_options.include_usage, true)
  assert.doesNotMatch(plain, /"choices":\[\]/)
  assert.match(asked, /"choices":\[\]/)
  assert.match(plain, /data: \[DONE\]/)
  const lines = await until(async () => gateway.calls().length === 2 && gateway.calls())
  for (const line of lines) assert.ok(Number(line.costUsd) > 0 && line.estimated === false)
})

test('a provider stores a response only if the client’s settings allow it', async t => {
  const { gateway, key } = await arrange(t)
  const mayStore = await gateway.client({ name: 'archive', allow: ['store'] })
  const body = { model: 'gpt-6-luna', input: 'hello' }

  await gateway.post('/v1/responses', key, body)
  await gateway.post('/v1/responses', mayStore, body)

  const [closed, open] = gateway.provider.calls.map(call => JSON.parse(call.body.toString()))
  assert.equal(closed.store, false)
  assert.equal(open.store, undefined)
})

test('a prompt_cache_key is sent as a digest for each client and key, within the provider’s length limit', async t => {
  const { gateway, key } = await arrange(t)
  const other = await gateway.client({ name: 'another' })
  const sent = async (from: string, path: string, promptCacheKey: string) => {
    const body = path === '/v1/responses' ? { model: 'gpt-6-luna', input: 'hello' } : chat('hello')
    const headers = { 'cache-control': 'no-store' }
    await gateway.post(path, from, { ...body, prompt_cache_key: promptCacheKey }, { headers })
    return String(JSON.parse(gateway.provider.calls.at(-1)?.body.toString() ?? '{}').prompt_cache_key)
  }

  const first = await sent(key, '/v1/responses', 'mine')
  const again = await sent(key, '/v1/chat/completions', 'mine')
  const others = await sent(other, '/v1/responses', 'mine')
  const long = await Promise.all(
    [52, 64, 10_000].map(length => sent(key, '/v1/responses', 'x'.repeat(length))),
  )

  assert.equal(again, first)
  assert.notEqual(others, first)
  for (const one of [first, others, ...long]) assert.match(one, /^[\w-]{43}$/)
})

test('hold: ceiling adds the missing output limit to the upstream request, and a header names it', async t => {
  const settings = { budget: { day: 5 }, hold: 'ceiling' }
  const { gateway, key } = await arrange(t, { DEFAULT_MAX_TOKENS: '77' }, settings)
  const free = await gateway.client({ name: 'free' })

  const bound = await gateway.post('/v1/chat/completions', key, chat('hello'))
  const unbound = await gateway.post('/v1/chat/completions', free, chat('hello'))

  const [first, second] = gateway.provider.calls.map(call => JSON.parse(call.body.toString()))
  assert.equal(bound.headers.get('x-tollgate-max-tokens'), '77')
  assert.equal(first.max_completion_tokens, 77)
  assert.equal(unbound.headers.get('x-tollgate-max-tokens'), null)
  assert.equal(second.max_completion_tokens, undefined)
})

test('a long JSON response is forwarded without being collected, and is metered from its end', async t => {
  const { gateway, key } = await arrange(t, { ANSWER_BUFFER_BYTES: '1000' })

  const reply = await gateway.post(
    '/v1/messages',
    key,
    message('[[scenario: huge 3 MB, usage 1000 in 500 out]]'),
  )
  const { content } = (await reply.json()) as { content: { text: string }[] }

  assert.ok((content[0]?.text.length ?? 0) > 3_000_000)
  assert.equal(reply.headers.get('x-tollgate-cost-usd'), null)
  const line = await until(async () => gateway.calls()[0])
  assert.equal(line.costUsd, 0.0035)
  assert.equal(line.estimated, false)
})

test('a long JSON response takes no room from responses that are collected', async t => {
  const whole = JSON.stringify({ model: 'claude-haiku-4-5', usage: { input_tokens: 10, output_tokens: 5 } })
  let calls = 0
  const url = await upstream(t, response => {
    response.writeHead(200, { 'content-type': 'application/json' })
    if (calls++ === 0) response.write(`{"content":"${'x'.repeat(100_000)}`)
    else response.end(whole)
  })
  const { gateway, key } = await arrange(t, { EZAI_BASE_URL: url, ANSWER_BUFFER_BYTES: '1000' })
  const caller = new AbortController()
  const long = await gateway.post('/v1/messages', key, message('long'), { signal: caller.signal })

  const short = await gateway.post('/v1/messages', key, message('short'))

  assert.deepEqual(
    [long, short].map(({ headers }) => headers.has('x-tollgate-cost-usd')),
    [false, true],
  )
  caller.abort()
})

test('a body of 32 MB is forwarded', async t => {
  const { gateway, key } = await arrange(t)
  const body = JSON.stringify(message('x'.repeat(32_000_000)))

  const reply = await gateway.post('/v1/messages', key, body)

  assert.equal(reply.status, 200)
  assert.equal(gateway.provider.calls[0]?.body.length, body.length)
})

const troubles: [scenario: string, status: number, code: string, retryAfter: string | null][] = [
  ['status 400', 400, 'invalid_request', null],
  ['status 404', 404, 'not_found', null],
  ['status 413', 413, 'request_too_large', null],
  ['status 422', 422, 'unprocessable', null],
  ['status 401', 502, 'upstream_refused_us', null],
  ['status 403', 502, 'upstream_forbidden', null],
  ['status 429 retry-after 7', 429, 'upstream_rate_limited', '7'],
  ['status 429 retry-after 86400', 429, 'upstream_rate_limited', '60'],
  ['status 500', 502, 'upstream_error', null],
  ['status 503', 503, 'upstream_unavailable', null],
  ['status 529', 529, 'upstream_overloaded', null],
  ['unread', 502, 'upstream_error', null],
  ['reset', 502, 'upstream_error', null],
  ['die', 502, 'upstream_error', null],
  ['eof', 502, 'upstream_error', null],
  ['nonsense html', 502, 'upstream_error', null],
  ['nonsense json', 502, 'upstream_error', null],
  ['nonsense empty', 502, 'upstream_error', null],
]

test('each provider failure becomes a status that a caller can act on', async t => {
  // One client for each scenario: the circuit of a provider that refuses our key stays open for a while.
  const { gateway, key } = await arrange(t)
  for (const [scenario, status, code, retryAfter] of troubles) {
    await t.test(scenario, async () => {
      const model =
        scenario === 'status 401'
          ? 'claude-haiku-5-5'
          : scenario === 'status 403'
            ? 'claude-sonnet-5'
            : undefined
      const reply = await gateway.post(
        '/v1/messages',
        key,
        message(`[[scenario: ${scenario}]]`, model ? { model } : {}),
      )

      const { error } = (await reply.json()) as { error: { details: { error_code: string } } }
      assert.equal(reply.status, status)
      assert.equal(error.details.error_code, code)
      assert.equal(reply.headers.get('retry-after'), retryAfter)
    })
  }
})

test('an unreachable provider gives 502 and costs nothing', async t => {
  const { gateway, key } = await arrange(t, { EZAI_BASE_URL: `http://127.0.0.1:${await freePort()}` })

  const reply = await gateway.post('/v1/messages', key, message('hello'))

  assert.equal(reply.status, 502)
  const line = await until(async () => gateway.calls()[0])
  assert.equal(line.costUsd, 0)
})

test('a provider that does not send HTTP gives 502', async t => {
  const server = createServer(socket => socket.end('SSH-2.0-OpenSSH\r\n')).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => void server.close())
  const address = server.address()
  const { gateway, key } = await arrange(t, {
    EZAI_BASE_URL: `http://127.0.0.1:${typeof address === 'object' ? address?.port : 0}`,
  })

  const reply = await gateway.post('/v1/messages', key, message('hello'))

  assert.equal(reply.status, 502)
})

test('a slow reader slows the provider', async t => {
  const { gateway, key } = await arrange(t)
  const reply = await gateway.post('/v1/messages', key, message('[[scenario: huge 64 MB]]', { stream: true }))
  const reader = reply.body!.getReader()
  await reader.read()

  const [call] = gateway.provider.calls
  assert.equal(call?.endedAt, undefined, 'the provider is still sending')
  await reader.cancel()
  await gateway.provider.waitForAbort()
})

test('a long JSON response is read to its end after its caller leaves', async t => {
  const { gateway, key } = await arrange(t)
  const leaving = new AbortController()
  const reply = await gateway.post('/v1/messages', key, message('[[scenario: huge 64 MB]]'), {
    signal: leaving.signal,
  })
  await reply.body!.getReader().read()
  assert.equal(gateway.provider.calls[0]?.endedAt, undefined, 'the provider is held back')

  leaving.abort()

  const line = await gateway.line(reply.headers.get('request-id'))
  assert.deepEqual([line.outcome, line.estimated], ['client_gone', false])
  await until(async () => (await gateway.state('frontend')).concurrency?.running === 0)
})

test('an organisation’s name in a stream error is redacted, and nothing else changes', async t => {
  const words = 'data: {"choices":[{"delta":{"content":"see \\"error\\":{ org-Beta99999"}}]}\n\n'
  const error = (name: string) =>
    `data: {"error":{"message":"in organization ${name}","code":"server_error"}}\n\n`
  const { gateway, key } = await arrange(t, {
    EZAI_BASE_URL: await fixedUpstream(t, 'text/event-stream', words + error('org-Acme123456')),
  })

  const reply = await gateway.post('/v1/chat/completions', key, chat('hello', { stream: true }))
  const text = await reply.text().catch(() => 'cut')
  const line = await gateway.line(reply.headers.get('request-id'))

  assert.ok(text === 'cut' || text === words + error('xxxxxxxxxxxxxx'), text)
  assert.equal(line.outcome, 'upstream_error')
})

for (const [what, body, more] of [
  ['JSON', { id: 'resp_1', object: 'response', model: 'gpt-6-luna', status: 'failed', output: [] }, {}],
  [
    'a stream',
    { type: 'response.failed', response: { model: 'gpt-6-luna', status: 'failed' } },
    { stream: true },
  ],
] as const) {
  test(`an account that is refused inside good ${what} is reported as a gateway error, and raises an alert`, async t => {
    const error = { code: 'insufficient_quota', message: 'org-Acme123456 has exceeded its quota' }
    const failed =
      'response' in body ? { ...body, response: { ...body.response, error } } : { ...body, error }
    const stream = 'response' in body
    const { gateway, key } = await arrange(t, {
      EZAI_BASE_URL: await fixedUpstream(
        t,
        stream ? 'text/event-stream' : 'application/json',
        stream ? `event: response.failed\ndata: ${JSON.stringify(failed)}\n\n` : JSON.stringify(failed),
      ),
    })

    const reply = await gateway.post('/v1/responses', key, { model: 'gpt-6-luna', input: 'hi', ...more })
    const text = await reply.text().catch(() => '')

    assert.doesNotMatch(text, /Acme/)
    assert.equal(reply.status, 502)
    assert.equal(reply.headers.get('x-should-retry'), 'false')
    await until(async () => {
      const { body: alerts } = await gateway.admin('GET', '/alerts')
      return JSON.stringify(alerts).includes('upstream_refused_us')
    })
  })
}

test('the key has the form of the API version, also if the caller’s header differs', async t => {
  const { gateway, key } = await arrange(t)
  const versions = [
    '2023-06-01',
    '2026-10-21',
    '2026-10-21, 2026-10-21',
    '2023-06-01, 2026-10-21',
    'latest',
    '2023-01-01',
  ]

  for (const version of versions)
    await gateway.post('/v1/messages', key, message(version), { headers: { 'anthropic-version': version } })

  assert.deepEqual(
    gateway.provider.calls.map(({ headers }) => ('x-api-key' in headers ? 'x-api-key' : 'bearer')),
    ['x-api-key', 'bearer', 'bearer', 'x-api-key', 'x-api-key', 'x-api-key'],
  )
})

test('a model goes to its own provider if that provider’s key is set, and else to EzAI', async t => {
  const { gateway, key } = await arrange(t, {
    ANTHROPIC_API_KEY: 'sk-ant-direct',
    ANTHROPIC_BASE_URL: 'http://127.0.0.1:1/direct',
  })

  const direct = await gateway.post('/v1/messages', key, message('hello'))
  const unified = await gateway.post('/v1/chat/completions', key, chat('hello'))

  assert.equal(direct.status, 502, 'nothing listens there')
  assert.equal(unified.status, 200)
  const lines = await until(async () => gateway.calls().length === 2 && gateway.calls())
  assert.deepEqual(
    lines.map(({ upstream }) => upstream),
    ['anthropic', 'ezai'],
  )
})
