/** The waits between attempts, and the time that all attempts have together. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { chat, message } from '../gateway.ts'
import { startRouted } from '../routed.ts'
import { until } from '../until.ts'
import { upstream } from '../upstream.ts'

const LIMITED = { 'content-type': 'application/json', 'retry-after-ms': '950' }

/** 950 ms and up to a tenth more are less than 1000 ms in half of the cases. */
test('a call whose wait is near retryWithinMs fails only with the error of its upstream', async t => {
  const baseUrl = await upstream(t, response => {
    response.writeHead(429, LIMITED).end('{"error":{"message":"x"}}')
  })
  const { gateway } = await startRouted(t, {
    names: ['first'],
    upstreams: { first: { baseUrl } },
    routes: [{ models: ['gpt-6-luna'], order: ['first'], retries: 1, retryWithinMs: 1000 }],
  })
  const key = await gateway.client({ name: 'frontend' })

  const statuses = []
  // The retry budget has ten retries.
  for (let call = 0; call < 10; call++) {
    const response = await gateway.post('/v1/chat/completions', key, chat(`hello ${call}`))
    statuses.push(response.status)
    await response.text()
  }

  assert.deepEqual([...new Set(statuses)], [429])
})

test('a retry-after of exactly retryWithinMs is waited for', async t => {
  let requests = 0
  const baseUrl = await upstream(t, response => {
    requests++
    response.writeHead(429, { ...LIMITED, 'retry-after-ms': '300' }).end('{"error":{"message":"x"}}')
  })
  const { gateway } = await startRouted(t, {
    names: ['first'],
    upstreams: { first: { baseUrl } },
    routes: [{ models: ['gpt-6-luna'], order: ['first'], retries: 1, retryWithinMs: 300 }],
  })
  const key = await gateway.client({ name: 'frontend' })

  await (await gateway.post('/v1/chat/completions', key, chat('hello'))).text()

  assert.equal(requests, 2)
})

test('a retry-after date is compared with the date of the response', async t => {
  let requests = 0
  const dates = { date: 'Mon, 30 Nov 2015 10:00:00 GMT', 'retry-after': 'Mon, 30 Nov 2015 10:00:07 GMT' }
  const baseUrl = await upstream(t, response => {
    requests++
    response.writeHead(429, { 'content-type': 'application/json', ...dates }).end('{"error":{"message":"x"}}')
  })
  const { gateway } = await startRouted(t, {
    names: ['first'],
    upstreams: { first: { baseUrl } },
    routes: [{ models: ['gpt-6-luna'], order: ['first'], retries: 1 }],
  })
  const key = await gateway.client({ name: 'frontend' })

  const response = await gateway.post('/v1/chat/completions', key, chat('hello'))

  assert.equal(response.headers.get('retry-after-ms'), '7000')
  assert.equal(requests, 1)
})

test('no attempt begins with less than half a second left', async t => {
  let requests = 0
  const baseUrl = await upstream(t, response => {
    requests++
    response.writeHead(429, { ...LIMITED, 'retry-after-ms': '1600' }).end('{"error":{"message":"x"}}')
  })
  const { gateway } = await startRouted(t, {
    names: ['first'],
    upstreams: { first: { baseUrl } },
    routes: [{ models: ['gpt-6-luna'], order: ['first'], retries: 1 }],
    options: { env: { UPSTREAM_TIMEOUT_SECONDS: '2' } },
  })
  const key = await gateway.client({ name: 'frontend' })

  const response = await gateway.post('/v1/chat/completions', key, chat('hello'))

  assert.deepEqual([response.status, requests], [429, 1])
})

test('no attempt begins after UPSTREAM_TIMEOUT_SECONDS', async t => {
  const began: number[] = []
  const baseUrl = await upstream(t, response => {
    began.push(performance.now())
    response.writeHead(429, { ...LIMITED, 'retry-after-ms': '1500' }).end('{"error":{"message":"x"}}')
  })
  const { gateway } = await startRouted(t, {
    names: ['first'],
    upstreams: { first: { baseUrl } },
    routes: [{ models: ['gpt-6-luna'], order: ['first'], retries: 2 }],
    options: { env: { UPSTREAM_TIMEOUT_SECONDS: '2' } },
  })
  const key = await gateway.client({ name: 'frontend' })

  await (await gateway.post('/v1/chat/completions', key, chat('hello'))).text()

  const latest = Math.max(...began) - began[0]!
  assert.ok(latest < 2000, `the last attempt began after ${Math.round(latest)} ms`)
})

for (const stream of [false, true])
  test(`the last attempt has the rest of UPSTREAM_TIMEOUT_SECONDS ${stream ? 'for a stream' : ''}`, async t => {
    const { gateway, providers } = await startRouted(t, {
      names: ['first', 'second'],
      upstreams: { first: { timeoutSeconds: 2.5 } },
      routes: [{ models: ['claude-haiku-*'], order: ['first', 'second'] }],
      options: { env: { UPSTREAM_TIMEOUT_SECONDS: '3' } },
    })
    const key = await gateway.client({ name: 'frontend' })
    providers.first.use(() => 'silent')
    providers.second.use(() => 'silent')

    const began = performance.now()
    const response = await gateway.post('/v1/messages', key, message('hello', { stream }))
    await response.text()
    const ms = performance.now() - began

    assert.equal(response.status, 504)
    assert.ok(ms < 4900, `it took ${Math.round(ms)} ms`)
    await until(() => gateway.calls().length === 1)
  })
