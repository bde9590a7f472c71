/** A failed attempt is followed by another one, unless the response has begun or the request is at fault. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chat, message } from '../gateway.ts'
import { startRouted } from '../routed.ts'
import { until } from '../until.ts'
import { fixedUpstream, upstream } from '../upstream.ts'

const HAIKU = { models: ['claude-haiku-*'], order: ['first', 'second', 'third'] }
const names = ['first', 'second', 'third'] as const

for (const scenario of [
  'status 429',
  'status 500',
  'status 503',
  'status 529',
  'status 408',
  'status 401',
  'unread',
]) {
  for (const stream of [false, true])
    test(`after ${scenario} ${stream ? 'of a stream' : ''} the next target serves the call`, async t => {
      const { gateway, providers, seen } = await startRouted(t, { names, routes: [HAIKU] })
      const key = await gateway.client({ name: 'frontend' })
      providers.first.use(() => scenario)

      const response = await gateway.post('/v1/messages', key, message('hello', { stream }))

      assert.equal(response.status, 200)
      assert.match(await response.text(), stream ? /message_stop/ : /"usage"/)
      assert.equal(response.headers.get('x-tollgate-upstream'), 'second')
      assert.deepEqual(seen(), { first: 1, second: 1, third: 0 })
      const line = await gateway.line(response.headers.get('request-id'))
      assert.equal(line.outcome, 'ok')
      assert.equal(line.upstream, 'second')
      assert.equal(line.attempts, 2)
      assert.match(String(line.tried), /^first\/claude-haiku-4-5: .* \(\d+ ms.*\)$/)
    })
}

test('an error as the first event of a stream is tried at the next target', async t => {
  const overloaded =
    'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
  const baseUrl = await fixedUpstream(t, 'text/event-stream', overloaded)
  const { gateway, seen } = await startRouted(t, {
    names,
    routes: [HAIKU],
    upstreams: { first: { baseUrl } },
  })
  const key = await gateway.client({ name: 'frontend' })

  const response = await gateway.post('/v1/messages', key, message('hello', { stream: true }))

  assert.equal(response.status, 200)
  assert.match(await response.text(), /message_stop/)
  assert.deepEqual(seen(), { first: 0, second: 1, third: 0 })
  const line = await gateway.line(response.headers.get('request-id'))
  assert.match(String(line.tried), /answered 529 inside a 200 response/)
})

test('a fault of the request is not tried again', async t => {
  const { gateway, providers, seen } = await startRouted(t, { names, routes: [HAIKU] })
  const key = await gateway.client({ name: 'frontend' })
  providers.first.use(() => 'status 400')

  const response = await gateway.post('/v1/messages', key, message('hello'))

  assert.equal(response.status, 400)
  assert.deepEqual(seen(), { first: 1, second: 0, third: 0 })
})

test('a stream that breaks after its first text is not tried again', async t => {
  const { gateway, providers, seen } = await startRouted(t, { names, routes: [HAIKU] })
  const key = await gateway.client({ name: 'frontend' })
  providers.first.use(() => 'slow-stream 5 chunks 1ms, die after 2')

  const response = await gateway.post('/v1/messages', key, message('hello', { stream: true }))

  assert.equal(response.status, 200)
  await response.text().catch(() => '')
  assert.deepEqual(seen(), { first: 1, second: 0, third: 0 })
})

test('a 200 that cannot be read is not tried again, because it may have cost money', async t => {
  const baseUrl = await fixedUpstream(t, 'text/html', '<p>hello</p>')
  const { gateway, seen } = await startRouted(t, {
    names,
    routes: [HAIKU],
    upstreams: { first: { baseUrl } },
  })
  const key = await gateway.client({ name: 'frontend' })

  const response = await gateway.post('/v1/messages', key, message('hello'))

  assert.equal(response.status, 502)
  assert.deepEqual(seen(), { first: 0, second: 0, third: 0 })
})

test('late bytes of a failed attempt do not count for the next one', async t => {
  const overloaded =
    'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
  const usage = 'event: message_delta\ndata: {"type":"message_delta","usage":{"output_tokens":5000}}\n\n'
  let sendLate = () => {}
  const baseUrl = await upstream(t, response => {
    response.writeHead(200, { 'content-type': 'text/event-stream' }).write(overloaded)
    sendLate = () => response.write(usage)
  })
  const { gateway, providers } = await startRouted(t, {
    names,
    routes: [HAIKU],
    upstreams: { first: { baseUrl } },
  })
  const key = await gateway.client({ name: 'frontend' })
  providers.second.use(() => 'hold answer')

  const calling = gateway.post('/v1/messages', key, message('hello', { stream: true }))
  await until(() => providers.second.calls.length === 1)
  sendLate()
  providers.second.release('answer')
  const response = await calling
  await response.text()

  const line = await gateway.line(response.headers.get('request-id'))
  assert.equal(line.upstream, 'second')
  assert.ok(Number(line.outputTokens) < 100, String(line.outputTokens))
})

test('an alias is served by its target in every format, and is in the model list and the allow-list', async t => {
  const { gateway, providers } = await startRouted(t, {
    names: ['first'],
    routes: [{ models: ['fast'], targets: [{ upstream: 'first', model: 'gpt-6-luna' }] }],
  })
  const key = await gateway.client({ name: 'frontend', models: ['fast'] })

  const replies = await Promise.all([
    gateway.post('/v1/messages', key, message('hello', { model: 'fast' })),
    gateway.post('/v1/chat/completions', key, chat('hello', { model: 'fast' })),
    gateway.post('/v1/responses', key, { model: 'fast', input: 'hello' }),
  ])
  const list = await fetch(`${gateway.url}/v1/models`, { headers: { authorization: `Bearer ${key}` } })

  assert.deepEqual(
    replies.map(({ status }) => status),
    [200, 200, 200],
  )
  for (const call of providers.first.calls) assert.equal(JSON.parse(call.body.toString()).model, 'gpt-6-luna')
  const { data } = (await list.json()) as { data: { id: string }[] }
  assert.deepEqual(
    data.map(({ id }) => id),
    ['fast'],
  )
  const lines = await until(() => gateway.calls().length === 3 && gateway.calls())
  for (const line of lines) {
    assert.equal(line.model, 'fast')
    assert.equal(line.upstreamModel, 'gpt-6-luna')
    assert.equal(line.estimated, false)
    assert.ok(Number(line.costUsd) > 0)
  }
})

test('after all targets failed the caller gets the most helpful error in its own format', async t => {
  const { gateway, providers, seen } = await startRouted(t, { names, routes: [HAIKU] })
  const key = await gateway.client({ name: 'frontend' })
  providers.first.use(() => 'status 500')
  providers.second.use(() => 'status 429 retry-after 30')
  providers.third.use(() => 'unread')

  const response = await gateway.post('/v1/messages', key, message('hello'))

  assert.equal(response.status, 429)
  const { error } = (await response.json()) as { error: { type: string } }
  assert.equal(error.type, 'rate_limit_error')
  assert.equal(response.headers.get('retry-after'), '30')
  assert.deepEqual(seen(), { first: 1, second: 1, third: 1 })
})

test('the log line of a cached response names the upstream that served it', async t => {
  const { gateway, providers } = await startRouted(t, { names, routes: [HAIKU] })
  const key = await gateway.client({ name: 'frontend' })
  providers.first.use(() => 'status 529')
  const call = () => gateway.post('/v1/messages', key, message('hello'))

  const response = await until(async () => {
    const again = await call()
    return again.headers.get('x-cache') === 'HIT' && again
  })

  assert.equal(response.headers.get('x-tollgate-upstream'), 'second')
  const line = await gateway.line(response.headers.get('request-id'))
  assert.deepEqual([line.outcome, line.upstream], ['cached', 'second'])
})

test('a name with a date takes the route and the upstream name of the same model without it', async t => {
  const { gateway, providers } = await startRouted(t, {
    names,
    routes: [{ models: ['claude-haiku-4-5'], order: ['second', 'third'] }],
    upstreams: { third: { models: { 'claude-haiku-4-5': 'us.haiku' } } },
  })
  const key = await gateway.client({ name: 'frontend', models: ['claude-haiku-4-5'] })
  providers.second.use(() => 'status 529')

  const response = await gateway.post(
    '/v1/messages',
    key,
    message('hello', { model: 'claude-haiku-4-5-20251001' }),
  )

  assert.deepEqual([response.status, response.headers.get('x-tollgate-upstream')], [200, 'third'])
  assert.equal(JSON.parse(String(providers.third.calls[0]?.body)).model, 'us.haiku')
})

for (const [what, later, upstream] of [
  ['a later route of its own', 'claude-haiku-4-5-20251001', 'third'],
  ['the route of its model before a later one for all models', '*', 'second'],
] as const)
  test(`a name with a date takes ${what}`, async t => {
    const { gateway } = await startRouted(t, {
      names,
      routes: [
        { models: ['claude-haiku-4-5'], order: ['second'] },
        { models: [later], order: ['third'] },
      ],
    })
    const key = await gateway.client({ name: 'frontend' })

    const response = await gateway.post(
      '/v1/messages',
      key,
      message('hello', { model: 'claude-haiku-4-5-20251001' }),
    )

    assert.equal(response.headers.get('x-tollgate-upstream'), upstream)
  })
