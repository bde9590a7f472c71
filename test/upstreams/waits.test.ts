/** The waits between attempts, and the time that all attempts have together. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { chat, message } from '../gateway.ts'
import { startRouted } from '../routed.ts'
import { until } from '../until.ts'
import { upstream } from '../upstream.ts'

interface Waits {
  /** Of the upstream, which limits every call. */
  headers: Record<string, string>
  route: { retries: number; retryWithinMs?: number }
  timeoutSeconds?: number
}

async function arrange(t: TestContext, { headers, route, timeoutSeconds }: Waits) {
  const began: number[] = []
  const baseUrl = await upstream(t, response => {
    began.push(performance.now())
    response
      .writeHead(429, { 'content-type': 'application/json', ...headers })
      .end('{"error":{"message":"x"}}')
  })
  const { gateway } = await startRouted(t, {
    names: ['first'],
    upstreams: { first: { baseUrl } },
    routes: [{ models: ['gpt-6-luna'], order: ['first'], ...route }],
    options: timeoutSeconds ? { env: { UPSTREAM_TIMEOUT_SECONDS: String(timeoutSeconds) } } : {},
  })
  const key = await gateway.client({ name: 'frontend' })
  const call = async (prompt = 'hello') => {
    const response = await gateway.post('/v1/chat/completions', key, chat(prompt))
    await response.text()
    return response
  }
  return { began, call }
}

/** 950 ms and up to a tenth more are less than 1000 ms in half of the cases. */
test('a call whose wait is near retryWithinMs fails only with the error of its upstream', async t => {
  const { call } = await arrange(t, {
    headers: { 'retry-after-ms': '950' },
    route: { retries: 1, retryWithinMs: 1000 },
  })

  const statuses = []
  // The retry budget has ten retries.
  for (let i = 0; i < 10; i++) statuses.push((await call(`hello ${i}`)).status)

  assert.deepEqual([...new Set(statuses)], [429])
})

test('a retry-after of exactly retryWithinMs is waited for', async t => {
  const { began, call } = await arrange(t, {
    headers: { 'retry-after-ms': '300' },
    route: { retries: 1, retryWithinMs: 300 },
  })

  await call()

  assert.equal(began.length, 2)
})

test('a retry-after date is compared with the date of the response', async t => {
  const { began, call } = await arrange(t, {
    headers: { date: 'Mon, 30 Nov 2015 10:00:00 GMT', 'retry-after': 'Mon, 30 Nov 2015 10:00:07 GMT' },
    route: { retries: 1 },
  })

  const response = await call()

  assert.equal(response.headers.get('retry-after-ms'), '7000')
  assert.equal(began.length, 1)
})

test('no attempt begins with less than half a second left', async t => {
  const { began, call } = await arrange(t, {
    headers: { 'retry-after-ms': '1600' },
    route: { retries: 1 },
    timeoutSeconds: 2,
  })

  const { status } = await call()

  assert.deepEqual([status, began.length], [429, 1])
})

test('no attempt begins after UPSTREAM_TIMEOUT_SECONDS', async t => {
  const { began, call } = await arrange(t, {
    headers: { 'retry-after-ms': '400' },
    route: { retries: 9 },
    timeoutSeconds: 2,
  })

  await call()

  const latest = Math.max(...began) - began[0]!
  assert.ok(began.length > 1 && latest < 2000, `attempt ${began.length} began after ${Math.round(latest)} ms`)
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
