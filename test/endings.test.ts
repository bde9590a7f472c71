/** The ways a call can end. After each of them nothing is held, and there is exactly one log line. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { drain } from '../src/process/drain.ts'
import { type Gateway, type Line, message, startGateway } from './gateway.ts'
import { until } from './until.ts'

const settings = {
  name: 'frontend',
  budget: { day: 5 },
  limits: { concurrency: 5, requests: { capacity: 100, per: '1h' } },
}

/** Nothing held, nothing running, one line: true of every ending. */
async function assertOver(gateway: Gateway, expected: Partial<Line>) {
  const line = await until(async () => gateway.calls()[0])
  const state = await until(async () => {
    const now = await gateway.state('frontend')
    return now.concurrency?.running === 0 && now.day?.heldUsd === 0 && now
  })
  assert.equal(gateway.calls().length, 1, 'one line')
  for (const [name, value] of Object.entries(expected)) assert.equal(line[name], value, name)
  return { line, state }
}

async function arrange(t: TestContext, env: Record<string, string> = {}) {
  const gateway = await startGateway(t, { env })
  return { gateway, key: await gateway.client(settings) }
}

test('a call without a key is refused', async t => {
  const { gateway } = await arrange(t)

  const response = await gateway.post('/v1/messages', undefined, message('hello'))

  assert.equal(response.status, 401)
  await assertOver(gateway, { outcome: 'refused', refusal: 'missing_key', status: 401 })
})

test('a JSON response is charged as the provider reports', async t => {
  const { gateway, key } = await arrange(t)

  const response = await gateway.post('/v1/messages', key, message('[[scenario: usage 1000 in 500 out]]'))

  assert.equal(response.status, 200)
  assert.equal(response.headers.get('x-tollgate-cost-usd'), '0.0035')
  const { state } = await assertOver(gateway, {
    outcome: 'ok',
    costUsd: 0.0035,
    estimated: false,
    status: 200,
  })
  assert.equal(state.day?.spentUsd, 0.0035)
})

test('a complete stream is charged as the provider reports', async t => {
  const { gateway, key } = await arrange(t)

  const response = await gateway.post(
    '/v1/messages',
    key,
    message('[[scenario: usage 1000 in 500 out]]', { stream: true }),
  )
  const text = await response.text()

  assert.match(text, /event: message_stop/)
  await assertOver(gateway, { outcome: 'ok', costUsd: 0.0035, stream: true })
})

test('a stream stops upstream at once when its caller leaves, and costs at most the hold', async t => {
  const { gateway, key } = await arrange(t)
  const caller = new AbortController()
  const response = await gateway.post(
    '/v1/messages',
    key,
    message('[[scenario: slow-stream 1000 chunks 20ms]]', { stream: true }),
    { signal: caller.signal },
  )
  await response.body?.getReader().read()

  caller.abort()

  const { aborted } = await gateway.provider.waitForAbort()
  assert.equal(aborted, true)
  const { line } = await assertOver(gateway, { outcome: 'client_gone', estimated: true })
  assert.ok(Number(line.costUsd) > 0)
})

test('a caller who leaves while waiting for JSON pays for it, and the response is cached', async t => {
  const { gateway, key } = await arrange(t)
  const caller = new AbortController()
  const prompt = message('[[scenario: hold, usage 1000 in 500 out]]')
  const call = gateway.post('/v1/messages', key, prompt, { signal: caller.signal }).catch(() => 'gone')
  await gateway.provider.waitForCall()

  caller.abort()

  assert.equal(await call, 'gone')
  gateway.provider.release()
  const { state } = await assertOver(gateway, { outcome: 'client_gone', costUsd: 0.0035, estimated: false })
  assert.equal(state.day?.spentUsd, 0.0035)
  await until(async () => (await gateway.post('/v1/messages', key, prompt)).headers.get('x-cache') === 'HIT')
})

test('an error of the provider costs nothing', async t => {
  const { gateway, key } = await arrange(t)

  const response = await gateway.post('/v1/messages', key, message('[[scenario: status 500]]'))

  assert.equal(response.status, 502)
  await assertOver(gateway, { outcome: 'upstream_error', costUsd: 0, level: 'warn' })
})

test('a connection that breaks in a JSON response costs the hold', async t => {
  const { gateway, key } = await arrange(t)

  const response = await gateway.post('/v1/messages', key, message('[[scenario: die]]'))

  assert.equal(response.status, 502)
  const { line } = await assertOver(gateway, { outcome: 'upstream_error', estimated: true })
  assert.ok(Number(line.costUsd) > 0)
})

test('a provider connection that breaks in a stream gives an error event and a destroyed socket', async t => {
  const { gateway, key } = await arrange(t)

  const response = await gateway.post(
    '/v1/messages',
    key,
    message('[[scenario: die after 2]]', { stream: true }),
  )
  const { text, cut } = await readToTheEnd(response)

  assert.match(text, /event: error\ndata: .*"type":"error"/)
  assert.equal(cut, true)
  await assertOver(gateway, { outcome: 'upstream_error', estimated: true, status: 200 })
})

test('an incomplete stream is never ended cleanly', async t => {
  const { gateway, key } = await arrange(t)

  const response = await gateway.post(
    '/v1/messages',
    key,
    message('[[scenario: eof after 2]]', { stream: true }),
  )
  const { text, cut } = await readToTheEnd(response)

  assert.match(text, /event: error\n/)
  assert.equal(cut, true)
  await assertOver(gateway, { outcome: 'upstream_error' })
})

test('a silent provider gives 504', async t => {
  const { gateway, key } = await arrange(t, { UPSTREAM_TIMEOUT_SECONDS: '1' })

  const response = await gateway.post('/v1/messages', key, message('[[scenario: silent]]'))

  assert.equal(response.status, 504)
  await assertOver(gateway, { outcome: 'upstream_error', estimated: true, status: 504 })
})

test('a call over its budget is refused and reserves nothing', async t => {
  const { gateway, key } = await arrange(t)
  await gateway.admin('PATCH', '/clients/frontend', { budget: { day: 0.000001 } })

  const response = await gateway.post('/v1/messages', key, message('hello'))

  assert.equal(response.status, 402)
  const { state } = await assertOver(gateway, { outcome: 'refused', refusal: 'request_exceeds_budget' })
  assert.equal(state.day?.spentUsd, 0)
  assert.equal(state.requests?.available, 100)
})

test('a shutdown lets a stream run for the drain time, then cuts it with an error event and settles it', async t => {
  const { gateway, key } = await arrange(t)
  const response = await gateway.post(
    '/v1/messages',
    key,
    message('[[scenario: slow-stream 1000 chunks 20ms]]', { stream: true }),
  )
  const reading = readToTheEnd(response)

  await drain(gateway.app, { delayMs: 0, limitMs: 100 })

  const { text, cut } = await reading
  assert.match(text, /event: error\n/)
  assert.equal(cut, true)
  assert.equal(gateway.calls().length, 1)
  assert.equal(gateway.calls()[0]?.outcome, 'interrupted')
  assert.equal(gateway.app.settlements.waiting, 0)
})

/** Reads what comes until the stream ends cleanly, or is cut. */
async function readToTheEnd(response: Response): Promise<{ text: string; cut: boolean }> {
  const decoder = new TextDecoder()
  let text = ''
  try {
    for await (const chunk of response.body!) text += decoder.decode(chunk, { stream: true })
    return { text, cut: false }
  } catch {
    return { text, cut: true }
  }
}

const fault = () => assert.fail('a fault of the gateway')

for (const [what, table] of [
  ['cost', { findServed: fault }],
  [
    'record',
    {
      findServed: fault,
      get version() {
        return fault()
      },
    },
  ],
] as const) {
  test(`a call whose ${what} cannot be computed is charged its hold, which is released`, async t => {
    const { gateway, key } = await arrange(t)
    const caller = new AbortController()
    const prompt = message('[[scenario: slow-stream 1000 chunks 20ms]]', { stream: true })
    await gateway.post('/v1/messages', key, prompt, { signal: caller.signal })
    const [running] = gateway.app.running
    const { request } = running ?? assert.fail()
    const held = request.reservation.nanos / 1e9
    request.route = {
      ...request.route,
      table: Object.create(request.route.table, Object.getOwnPropertyDescriptors(table)),
    }

    caller.abort()

    const { day } = await until(async () => {
      const now = await gateway.state('frontend')
      return now.concurrency?.running === 0 && now
    })
    assert.ok(held > 0)
    assert.deepEqual([day?.spentUsd, day?.heldUsd], [held, 0])
    const { rows } = await until(async () => {
      const found = await gateway.app.pg.query('select outcome from calls where id = $1', [request.id])
      return found.rows.length > 0 && found
    })
    assert.equal(rows[0].outcome, what === 'cost' ? 'client_gone' : 'gateway_error')
  })
}
