/** A short wait inside the gateway instead of a 429, first come, first served. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { type Gateway, message, startGateway } from '../gateway.ts'
import { until } from '../until.ts'

async function arrange(t: TestContext, settings: Record<string, unknown>, options = {}) {
  const gateway = await startGateway(t, options)
  const key = await gateway.client({ name: 'agents', cache: { enabled: false }, ...settings })
  const send = (prompt: string, init?: RequestInit) =>
    gateway.post('/v1/messages', key, message(prompt), init)
  const served = () => gateway.provider.calls.map(({ body }) => /call \d+/.exec(String(body))?.[0])
  return { gateway, key, send, served }
}

/** Calls without a response so far. */
const running = (gateway: Gateway, count: number) => until(async () => gateway.app.running.size === count)
/** Calls in a queue. */
const queued = (gateway: Gateway, count: number) =>
  until(async () => [...gateway.app.running].filter(({ request }) => request.waiter).length === count)

async function detailsOf(response: Response): Promise<Record<string, string | number>> {
  const { error } = (await response.json()) as { error: { details: Record<string, string | number> } }
  return error.details
}

test('a second call waits until the first has ended if the limit is one call', async t => {
  const limits = { concurrency: 1, maxWaitMs: 10_000 }
  const { gateway, send, served } = await arrange(t, { limits })
  gateway.provider.next('hold')
  const first = send('call 1')
  await gateway.provider.waitForCall(1)
  const admissions = countAdmissions(gateway)
  const waiting = send('call 2')
  await until(async () => admissions() >= 1)
  const waitsSince = performance.now()
  await until(async () => admissions() >= 3)
  const waited = performance.now() - waitsSince

  gateway.provider.release()
  const second = await waiting

  assert.equal((await first).status, 200)
  assert.equal(second.status, 200)
  assert.deepEqual(served(), ['call 1', 'call 2'])
  const line = await gateway.line(second.headers.get('request-id'))
  assert.ok(Number(line.latencyMs) > waited, `the wait is part of its ${line.latencyMs} ms`)
  await until(async () => (await gateway.state('agents')).concurrency?.running === 0)
})

test('without the setting the second call is refused at once', async t => {
  const { gateway, send } = await arrange(t, { limits: { concurrency: 1 } })
  gateway.provider.next('hold')
  const first = send('call 1')
  await gateway.provider.waitForCall(1)

  assert.equal((await send('call 2')).status, 429)

  gateway.provider.release()
  await first
})

test('five callers are served in the order in which they came, and a new call overtakes none of them', async t => {
  const { gateway, send, served } = await arrange(t, { limits: { concurrency: 1, maxWaitMs: 10_000 } })
  gateway.provider.next('hold')
  const calls: Promise<Response>[] = []
  for (let number = 1; number <= 5; number++) {
    calls.push(send(`call ${number}`))
    if (number === 1) await gateway.provider.waitForCall(1)
    else await queued(gateway, number - 1)
  }
  gateway.provider.release()
  // Sent at the moment when a place becomes free.
  await calls[0]
  calls.push(send('call 6'))

  const responses = await Promise.all(calls)

  assert.deepEqual(
    responses.map(({ status }) => status),
    [200, 200, 200, 200, 200, 200],
  )
  assert.deepEqual(served(), ['call 1', 'call 2', 'call 3', 'call 4', 'call 5', 'call 6'])
})

test('a caller who leaves the queue takes no tokens, and the next call moves up', async t => {
  const { gateway, send, served } = await arrange(t, { limits: { concurrency: 1, maxWaitMs: 10_000 } })
  gateway.provider.next('hold')
  const first = send('call 1')
  await gateway.provider.waitForCall(1)
  const caller = new AbortController()
  const second = send('call 2', { signal: caller.signal })
  await queued(gateway, 1)
  const third = send('call 3')
  await queued(gateway, 2)

  caller.abort()

  await assert.rejects(second)
  await queued(gateway, 1)
  gateway.provider.release()
  assert.equal((await first).status, 200)
  assert.equal((await third).status, 200)
  assert.deepEqual(served(), ['call 1', 'call 3'])
  await until(async () => (await gateway.state('agents')).concurrency?.running === 0)
})

test('a call that has waited maxWaitMs gets the 429', async t => {
  const { gateway, send } = await arrange(t, { limits: { concurrency: 1, maxWaitMs: 300 } })
  gateway.provider.next('hold')
  const first = send('call 1')
  await gateway.provider.waitForCall(1)

  const sentAt = performance.now()
  const responses = await Promise.all([send('call 2'), send('call 3')])

  assert.ok(performance.now() - sentAt >= 300)
  for (const response of responses) {
    assert.equal(response.status, 429)
    assert.equal((await detailsOf(response)).limit, 'concurrency')
  }
  gateway.provider.release()
  assert.equal((await first).status, 200, 'they did not wait for the first call')
})

test('a call waits for a refill that comes in time, and is refused at once if it takes longer', async t => {
  const { gateway, send } = await arrange(t, {
    limits: { tokens: { capacity: 2000, per: '2s' }, maxWaitMs: 5000 },
  })
  gateway.provider.use(() => 'usage 1 in 1400 out')
  const startedAt = performance.now()
  // Four responses of 1,400 tokens use 3,600 more than the bucket holds, and one token is refilled each millisecond.
  for (const number of [1, 2, 3, 4]) assert.equal((await send(`call ${number}`)).status, 200)
  gateway.provider.next('usage 1 in 60000 out')
  assert.equal((await send('call 5')).status, 200)
  assert.ok(performance.now() - startedAt > 3500)
  await running(gateway, 0)

  const refused = await send('call 6')

  assert.equal(refused.status, 429)
  const { limit, retry_after_ms } = await detailsOf(refused)
  assert.equal(limit, 'tokens')
  assert.ok(Number(retry_after_ms) > 5000, `${retry_after_ms}`)
})

test('a call behind others in the queue is refused at once if its tokens would come too late', async t => {
  const { gateway, key } = await arrange(t, {
    limits: { tokens: { capacity: 1000, per: '10s' }, maxWaitMs: 10_000 },
  })
  const send = (number: number, max_tokens: number, init?: RequestInit) =>
    gateway.post('/v1/messages', key, message(`call ${number}`, { max_tokens }), init)
  // Each response uses up the bucket, which is full again 10 seconds later.
  gateway.provider.use(() => 'usage 1 in 999 out')
  assert.equal((await send(1, 900)).status, 200)
  await running(gateway, 0)
  const finished = countAdmissions(gateway)
  const leave = new AbortController()
  const second = send(2, 900, { signal: leave.signal })
  await until(async () => finished() > 0)

  const third = await send(3, 900)

  assert.equal(third.status, 429)
  const { limit, retry_after_ms } = await detailsOf(third)
  assert.equal(limit, 'tokens')
  assert.ok(Number(retry_after_ms) > 10_000 && Number(retry_after_ms) <= 20_000, `${retry_after_ms}`)
  await running(gateway, 1)
  leave.abort()
  await assert.rejects(second, { name: 'AbortError' })
})

test('calls that arrive together are refused at once if their tokens would come too late', async t => {
  const { gateway, key } = await arrange(t, {
    limits: { tokens: { capacity: 1000, per: '10s' }, maxWaitMs: 10_000 },
  })
  const leave = new AbortController()
  const send = (number: number) =>
    gateway.post('/v1/messages', key, message(`call ${number}`, { max_tokens: 900 }), {
      signal: leave.signal,
    })
  gateway.provider.use(() => 'usage 1 in 999 out')
  assert.equal((await send(1)).status, 200)
  await running(gateway, 0)
  const refused: Response[] = []

  const sent = [2, 3, 4].map(async number => void refused.push(await send(number)))
  await until(async () => refused.length === 2)

  for (const response of refused) {
    assert.equal(response.status, 429)
    assert.ok(Number((await detailsOf(response)).retry_after_ms) > 10_000)
  }
  await running(gateway, 1)
  leave.abort()
  await Promise.allSettled(sent)
})

test('a call waits for money that a running call holds, and never for money that is spent or for requests', async t => {
  const { gateway, key } = await arrange(t, {
    budget: { day: 0.001 },
    limits: { requests: { capacity: 3, per: '1h' }, maxWaitMs: 10_000 },
    hold: 'ceiling',
  })
  const send = (prompt: string) => gateway.post('/v1/messages', key, message(prompt))
  gateway.provider.use(() => 'usage 10 in 10 out')
  gateway.provider.next('hold, usage 10 in 10 out')
  // Each holds more than half of the budget.
  const first = send('call 1')
  await gateway.provider.waitForCall(1)
  const second = send('call 2')
  await running(gateway, 2)
  gateway.provider.release()
  const responses = await Promise.all([first, second])
  assert.deepEqual(
    responses.map(({ status }) => status),
    [200, 200],
  )
  gateway.provider.next('usage 10 in 150 out')
  assert.equal((await send('call 3')).status, 200)
  await running(gateway, 0)

  const sentAt = performance.now()
  const spent = await send('call 4')
  await gateway.admin('PATCH', '/clients/agents', { budget: null })
  const late = await send('call 5')

  assert.deepEqual([spent.status, late.status], [402, 429])
  assert.equal((await detailsOf(late)).limit, 'requests')
  assert.ok(performance.now() - sentAt < 10_000, 'neither waited for its 10 s')
})

test('a waiting call finds room that another replica frees, with few requests to Redis', async t => {
  const limits = { concurrency: 1, maxWaitMs: 10_000 }
  const { gateway, key, send } = await arrange(t, { limits })
  const { redisUrl, databaseUrl, provider } = gateway
  const other = await startGateway(t, { redisUrl, databaseUrl, provider })
  provider.next('delay 1500ms')
  const first = other.post('/v1/messages', key, message('call 1'))
  await provider.waitForCall(1)
  const admissions = countAdmissions(gateway)
  const sentAt = performance.now()

  const responses = await Promise.all([send('call 2'), send('call 3'), first])

  assert.deepEqual(
    responses.map(({ status }) => status),
    [200, 200, 200],
  )
  const seconds = (performance.now() - sentAt) / 1000
  assert.ok(admissions() < 5 + 7 * seconds, `${admissions()} admissions in ${seconds.toFixed(1)} s`)
})

test('waiting calls end when a drain begins', async t => {
  const { gateway, send } = await arrange(t, { limits: { concurrency: 1, maxWaitMs: 10_000 } })
  gateway.provider.next('hold')
  const first = send('call 1')
  await gateway.provider.waitForCall(1)
  const waiting = [send('call 2'), send('call 3')]
  await running(gateway, 3)

  gateway.app.drain()

  const refused = await Promise.all(waiting)
  assert.deepEqual(
    refused.map(({ status }) => status),
    [429, 429],
  )
  assert.equal((await send('call 4')).status, 429)
  assert.equal(gateway.provider.calls.length, 1, 'the first call still runs')
  gateway.provider.release()
  assert.equal((await first).status, 200)
})

/** Counts the admissions that Redis serves from now on. */
function countAdmissions({ app }: Gateway): () => number {
  const { admit } = app.money
  let count = 0
  app.money.admit = async (...args) => {
    const admitted = await admit(...args)
    count++
    return admitted
  }
  return () => count
}

test('waiting calls of one client take at most a quarter of the calls of a replica', async t => {
  const { gateway, send } = await arrange(
    t,
    { limits: { concurrency: 1, maxWaitMs: 10_000 } },
    { env: { MAX_CONCURRENT_CALLS: '8' } },
  )
  gateway.provider.next('silent')
  // At the end of the test the gateway cuts all three.
  const cut = Promise.allSettled([send('call 1')])
  await gateway.provider.waitForCall()
  const admissions = countAdmissions(gateway)
  const waiting = Promise.allSettled(['call 2', 'call 3'].map(prompt => send(prompt)))
  // Two admissions, and two further ones of the first in the queue: by then both of them wait.
  await until(async () => admissions() >= 4)

  const refused = await send('call 4')

  assert.equal(refused.status, 429)
  await gateway.stop()
  await Promise.all([cut, waiting])
})

for (const [what, change, status] of [
  ['its key is revoked', (gateway: Gateway, keyId: string) => gateway.admin('DELETE', `/keys/${keyId}`), 403],
  ['its client is deleted', (gateway: Gateway) => gateway.admin('DELETE', '/clients/agents'), 403],
  [
    'its model is taken off the list',
    (gateway: Gateway) => gateway.admin('PATCH', '/clients/agents', { models: ['gpt-6-luna'] }),
    404,
  ],
  [
    'its budget is cut',
    (gateway: Gateway) => gateway.admin('PATCH', '/clients/agents', { budget: { day: 0.00001 } }),
    402,
  ],
] as const) {
  test(`a waiting call is refused when ${what}`, async t => {
    const { gateway, key, send } = await arrange(t, {
      limits: { concurrency: 1, maxWaitMs: 10_000 },
      budget: { day: 5 },
    })
    gateway.provider.next('hold')
    const first = send('call 1')
    await gateway.provider.waitForCall()
    const admissions = countAdmissions(gateway)
    const second = send('call 2')
    await until(async () => admissions() >= 1)

    await change(gateway, key.slice(3, 11))

    assert.equal((await second).status, status)
    gateway.provider.release()
    assert.equal((await first).status, 200)
  })
}

test('a call whose key is revoked while its body is sent is refused', async t => {
  const { gateway, key } = await arrange(t, {})
  const body = new TransformStream<Uint8Array, Uint8Array>()
  const writer = body.writable.getWriter()
  const bytes = new TextEncoder().encode(JSON.stringify(message('hello')))
  const response = gateway.post('/v1/messages', key, '', { body: body.readable, duplex: 'half' })
  writer.write(bytes.subarray(0, 10))
  await running(gateway, 1)

  await gateway.admin('DELETE', `/keys/${key.slice(3, 11)}`)
  writer.write(bytes.subarray(10))
  writer.close()

  assert.equal((await response).status, 403)
  assert.equal(gateway.provider.calls.length, 0)
})
