/** Invalid input: a clear error in the route's own format, or a closed socket if HTTP requires it. The process stays alive, and nothing is held. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import fc from 'fast-check'
import { ADMIN_TOKEN, chat, type Gateway, message, startGateway } from './gateway.ts'
import { rawCaller } from './raw.ts'
import { until } from './until.ts'

async function arrange(t: TestContext, env: Record<string, string> = {}) {
  const gateway = await startGateway(t, { env })
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 }, limits: { concurrency: 50 } })
  return { gateway, key }
}

/** Nothing has reached the provider, nothing is held, and an ordinary call still works. */
async function assertUnharmed({ post, provider, state }: Gateway, key: string, forwarded = 0) {
  assert.equal(provider.calls.length, forwarded, 'calls forwarded')
  const good = await post('/v1/messages', key, message(`still there? ${Math.random()}`))
  assert.equal(good.status, 200)
  await until(async () => {
    const now = await state('frontend')
    return now.concurrency?.running === 0 && now.day?.heldUsd === 0
  })
}

const text = JSON.stringify
const deep = `${'['.repeat(100_000)}${']'.repeat(100_000)}`

const bodies: [title: string, body: string, status: number, says: RegExp][] = [
  ['an empty body', '', 400, /empty|no body/],
  ['broken JSON', '{"model": "claude-haiku-4-5",', 400, /JSON/],
  ['an array', '[]', 400, /object/],
  ['a string', '"hello"', 400, /object/],
  ['null', 'null', 400, /object/],
  ['no model', text({ max_tokens: 5, messages: [] }), 400, /model/],
  ['a model that is a number', text(message('hi', { model: 7 })), 400, /model/],
  ['an empty model', text(message('hi', { model: '' })), 400, /model/],
  ['a stream that is a word', text(message('hi', { stream: 'yes' })), 400, /stream/],
  ['a negative max_tokens', text(message('hi', { max_tokens: -1 })), 400, /max_tokens/],
  ['a max_tokens in words', text(message('hi', { max_tokens: 'ten' })), 400, /max_tokens/],
  ['a max_tokens without end', text(message('hi')).replace(':100', ':1e400'), 400, /max_tokens/],
  ['half a token', text(message('hi', { max_tokens: 1.5 })), 400, /max_tokens/],
  ['two models', text(message('hi')).replace('{', '{"model":"claude-opus-5-5",'), 400, /model/],
  [
    'two models, one of them escaped',
    text(message('hi')).replace('{', '{"mod\\u0065l":"claude-opus-5-5",'),
    400,
    /model/,
  ],
  ['two ceilings', text(message('hi')).replace('{', '{"max_tokens":1,'), 400, /max_tokens/],
  ['deep nesting', `{"model":"claude-haiku-4-5","max_tokens":5,"messages":${deep}}`, 400, /./],
  [
    'a million keys',
    `{"model":"claude-haiku-4-5","max_tokens":5,"x":{${'"k":1,'.repeat(1e6)}"k":1}}`,
    400,
    /keys/,
  ],
  ['a prototype', '{"__proto__":{"model":"claude-haiku-4-5","max_tokens":5},"messages":[]}', 400, /model/],
]

test('an invalid body is refused with the reason and costs nothing', async t => {
  const { gateway, key } = await arrange(t)
  for (const [title, body, status, says] of bodies) {
    await t.test(title, async () => {
      const response = await gateway.post('/v1/messages', key, body)

      const { type, error } = (await response.json()) as {
        type: string
        error: { type: string; message: string }
      }
      assert.equal(response.status, status, error.message)
      assert.equal(type, 'error')
      assert.equal(error.type, 'invalid_request_error')
      assert.match(error.message, says)
    })
  }
  await assertUnharmed(gateway, key)
})

test('wrong kinds are refused on the OpenAI routes, in their format', async t => {
  const { gateway, key } = await arrange(t)
  const wrong: [path: string, body: unknown, param: string][] = [
    ['/v1/chat/completions', chat('hi', { max_completion_tokens: 'ten' }), 'max_completion_tokens'],
    ['/v1/chat/completions', chat('hi', { n: 0 }), 'n'],
    ['/v1/chat/completions', chat('hi', { stream: 1 }), 'stream'],
    ['/v1/chat/completions', chat('hi', { stream: true, stream_options: 'usage' }), 'stream_options'],
    ['/v1/responses', { model: 'gpt-6-luna', input: 'hi', max_output_tokens: -5 }, 'max_output_tokens'],
    ['/v1/responses', { model: 'gpt-6-luna', input: 'hi', store: 'no' }, 'store'],
    ['/v1/embeddings', { model: 5, input: 'hi' }, 'model'],
  ]
  for (const [path, body, param] of wrong) {
    await t.test(`${path}: ${param}`, async () => {
      const response = await gateway.post(path, key, body)

      const { error } = (await response.json()) as { error: { type: string; message: string; param: string } }
      assert.equal(response.status, 400)
      assert.equal(error.type, 'invalid_request_error')
      assert.match(error.message, new RegExp(param))
    })
  }
  await assertUnharmed(gateway, key)
})

test('a body over the limit gets its 413, even while the caller is still sending', async t => {
  const { gateway, key } = await arrange(t, { BODY_LIMIT_BYTES: '100000' })
  const head = (length: string) =>
    `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\ncontent-type: application/json\r\n${length}\r\n\r\n`

  await t.test('with a declared length', async () => {
    const caller = await rawCaller(gateway.url)
    caller.send(head('content-length: 34603008'))
    caller.keepSending('x'.repeat(65_536))

    const response = await caller.response()

    assert.equal(response.status, 413)
    assert.match(response.body, /request_too_large/)
    caller.close()
  })

  await t.test('in chunks without end', async () => {
    const caller = await rawCaller(gateway.url)
    caller.send(head('transfer-encoding: chunked'))
    const chunk = `10000\r\n${'x'.repeat(65_536)}\r\n`
    caller.keepSending(chunk)

    const response = await caller.response()

    assert.equal(response.status, 413)
    caller.close()
  })
  await assertUnharmed(gateway, key)
})

test('an unauthenticated caller gets the 401 while still sending, without a wait for the body', async t => {
  const { gateway, key } = await arrange(t)
  const caller = await rawCaller(gateway.url)
  caller.send(
    'POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 1000000\r\n\r\n',
  )
  caller.keepSending('x'.repeat(1000))

  const response = await caller.response()

  assert.equal(response.status, 401)
  caller.close()
  await assertUnharmed(gateway, key)
})

test('two different keys in one request are refused', async t => {
  const { gateway, key } = await arrange(t)

  const response = await gateway.post('/v1/messages', key, message('hi'), {
    headers: { authorization: 'Bearer tg_other' },
  })

  assert.equal(response.status, 400)
  await assertUnharmed(gateway, key)
})

test('another content type is refused with 415', async t => {
  const { gateway, key } = await arrange(t)

  const form = await gateway.post('/v1/messages', key, 'model=x', {
    headers: { 'content-type': 'application/x-www-form-urlencoded' },
  })

  assert.equal(form.status, 415)
  await assertUnharmed(gateway, key)
})

test('an error quotes only the beginning of a long text', async t => {
  const { gateway, key } = await arrange(t)

  const response = await gateway.post(
    '/v1/messages',
    key,
    message('hi', { service_tier: 'x'.repeat(1_000_000) }),
  )

  assert.equal(response.status, 400)
  assert.ok((await response.text()).length < 2000)
  const line = await until(async () => gateway.calls()[0])
  assert.ok(JSON.stringify(line).length < 2000)
})

test('only the route and the query are forwarded, for every form of the target', async t => {
  const { gateway, key } = await arrange(t)
  const body = text(message('hi'))
  for (const target of ['http://elsewhere.example/v1/messages?beta=true', '/v1/%6dessages?beta=true']) {
    const caller = await rawCaller(gateway.url)
    caller.send(
      `POST ${target} HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\nanthropic-version: 2023-06-01\r\n` +
        `content-type: application/json\r\ncache-control: no-cache\r\ncontent-length: ${body.length}\r\n\r\n${body}`,
    )
    assert.equal((await caller.response()).status, 200)
    caller.close()
  }

  assert.deepEqual(
    gateway.provider.calls.map(({ path }) => path),
    ['/v1/messages?beta=true', '/v1/messages?beta=true'],
  )
})

test('a path that cannot be decoded is refused in the caller’s format', async t => {
  const { gateway, key } = await arrange(t)

  const response = await gateway.post('/v1/%zz', key, message('hi'))

  assert.equal(response.status, 400)
  assert.match(response.headers.get('request-id') ?? '', /^req_/)
  assert.equal(((await response.json()) as { type: string }).type, 'error')
})

test('a route refuses another method with the list of its methods', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend' })

  const response = await fetch(`${gateway.url}/v1/messages`, { headers: { 'x-api-key': key } })

  assert.equal(response.status, 405)
  assert.equal(response.headers.get('allow'), 'POST')
  assert.match(await response.text(), /does not take GET, only POST/)
})

test('every GET route serves HEAD with the same status and headers and no body', async t => {
  const gateway = await startGateway(t)
  const { url, admin } = gateway
  const key = await gateway.client({ name: 'frontend', team: 'web' })
  const { paths } = (await admin('GET', '/openapi.json')).body
  const asked = Object.entries(Object(paths)).flatMap(([path, calls]) =>
    'get' in Object(calls) ? [path] : [],
  )
  const page = await (await fetch(`${url}/dashboard`)).text()
  const asset = /\/dashboard\/assets\/[^"]+main\.js/.exec(page)?.[0] ?? ''
  const viewer = (await admin('POST', '/tokens', { name: 'board', role: 'viewer' })).body.token
  // These headers differ from one request to the next.
  const passing = ['date', 'request-id', 'x-request-id', 'connection', 'keep-alive', 'transfer-encoding']
  const responseTo = async (method: string, path: string) => {
    const stop = new AbortController()
    const headers = { authorization: `Bearer ${path.startsWith('/admin') ? viewer : key}` }
    const response = await fetch(url + path, { method, headers, signal: stop.signal })
    const body = method === 'HEAD' ? await response.text() : ''
    stop.abort()
    const left = path === '/metrics' ? [...passing, 'content-length'] : passing
    return {
      status: response.status,
      headers: [...response.headers].filter(([name]) => !left.includes(name)),
      body,
    }
  }
  const all = [
    ...asked.map(path => path.replace('{name}', 'frontend').replace('{id}', 'req_none')),
    ...['/admin/clients/none', '/admin/explain?client=frontend&model=gpt-6-luna', '/admin/teams/web'],
    ...['/livez', '/readyz', '/metrics', '/v1/models', '/v1/models/gpt-6-luna', '/v1/models/none'],
    ...['/dashboard', '/dashboard/clients', asset, '/dashboard/assets/x/none.js'],
  ]

  assert.ok(asked.length > 15)
  for (const path of all)
    assert.deepEqual(await responseTo('HEAD', path), await responseTo('GET', path), path)
  const headers = { authorization: `Bearer ${ADMIN_TOKEN}` }
  const refused = await fetch(`${url}/admin/teams/web`, { method: 'POST', headers })
  assert.equal(refused.headers.get('allow'), 'GET, HEAD, PUT, PATCH, DELETE')
})

test('malformed headers and smuggled requests end in a clear response or a closed socket', async t => {
  const { gateway, key } = await arrange(t)
  const shapes = [
    `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-long: ${'y'.repeat(40_000)}\r\n\r\n`,
    'POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\nGET /livez HTTP/1.1\r\n\r\n',
    'POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello!',
    'POST /v1/messages HTTP/1.1\r\nhost: x\r\ncontent-length: -1\r\n\r\n',
    'POST /v1/messages HTTP/1.1\r\nhost: x\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n',
    'POST /v1/messages HTTP/1.1\r\n host: x\r\n\r\n',
    'nonsense\r\n\r\n',
    '\u0016\u0003\u0001\u0000',
  ]
  for (const shape of shapes) {
    await t.test(text(shape.slice(0, 60)), async () => {
      const caller = await rawCaller(gateway.url)
      caller.send(shape)

      const { status, closed } = await caller.response()

      assert.ok(closed || (status >= 400 && status < 500), `status ${status}`)
      caller.close()
    })
  }
  await assertUnharmed(gateway, key)
})

test('a body that never ends is refused after the time limit for requests', async t => {
  const { gateway, key } = await arrange(t, { REQUEST_TIMEOUT_SECONDS: '1' })
  const head = `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\ncontent-type: application/json\r\n`
  for (const [title, length, trickle] of [
    ['a slow writer', 'content-length: 1000', 'x'],
    ['chunks without end', 'transfer-encoding: chunked', '1\r\nx\r\n'],
  ] as const) {
    await t.test(title, async () => {
      const caller = await rawCaller(gateway.url)
      caller.send(`${head}${length}\r\n\r\n`)
      const trickling = setInterval(() => caller.socket.writable && caller.send(trickle), 100)
      caller.socket.once('close', () => clearInterval(trickling))

      const { status } = await caller.response()

      assert.equal(status, 408)
      caller.close()
    })
  }
  await assertUnharmed(gateway, key)
})

test('pipelined requests get their responses in order', async t => {
  const { gateway, key } = await arrange(t)
  const caller = await rawCaller(gateway.url)
  const request = (prompt: string) => {
    const body = text(message(prompt))
    return `POST /v1/messages HTTP/1.1\r\nhost: x\r\nx-api-key: ${key}\r\nanthropic-version: 2023-06-01\r\ncontent-type: application/json\r\ncontent-length: ${body.length}\r\n\r\n${body}`
  }

  caller.send(request('[[scenario: delay 100ms]]') + request('[[scenario: status 400]]') + request('third'))

  const statuses = [await caller.response(), await caller.response(), await caller.response()].map(
    ({ status }) => status,
  )
  assert.deepEqual(statuses, [200, 400, 200])
  caller.close()
  await assertUnharmed(gateway, key, 3)
})

test('random JSON in every relevant field never ends the process', async t => {
  const { gateway, key } = await arrange(t)
  const value = fc.oneof(
    fc.jsonValue({ maxDepth: 2 }),
    fc.constantFrom(true, 'claude-haiku-4-5', 'gpt-6-luna', 16),
  )
  const body = fc.record(
    {
      model: value,
      max_tokens: value,
      max_completion_tokens: value,
      max_output_tokens: value,
      stream: value,
      stream_options: value,
      messages: value,
      input: value,
      tools: value,
      n: value,
      store: value,
      service_tier: value,
      system: value,
    },
    { requiredKeys: [] },
  )
  const path = fc.constantFrom(
    '/v1/messages',
    '/v1/messages/count_tokens',
    '/v1/chat/completions',
    '/v1/responses',
    '/v1/embeddings',
  )

  await fc.assert(
    fc.asyncProperty(path, body, async (to, sent) => {
      const response = await gateway.post(to, key, sent)
      await response.arrayBuffer()
      assert.ok(response.status < 500 || response.status === 502, `${response.status} for ${text(sent)}`)
      assert.ok(response.headers.get('request-id'))
    }),
    { seed: 7, numRuns: 300 },
  )

  assert.equal(gateway.calls().filter(({ outcome }) => outcome === 'gateway_error').length, 0)
  await assertUnharmed(gateway, key, gateway.provider.calls.length)
})
