/** Overload: new calls are refused early, running calls continue, and the process stays responsive. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ADMIN_TOKEN, chat, type Gateway, message, startGateway } from '../gateway.ts'
import { newClient, startProcess } from '../processes.ts'
import { startProvider } from '../provider.ts'
import { rawCaller } from '../raw.ts'
import { testDatabase, testRedis } from '../servers.ts'
import { until } from '../until.ts'

/** Only the head: a response to it shows that the gateway did not wait for the body. */
function head(path: string, key: string, length: number): string {
  return (
    `POST ${path} HTTP/1.1\r\nhost: gateway\r\nx-api-key: ${key}\r\nanthropic-version: 2023-06-01\r\n` +
    `content-type: application/json\r\ncontent-length: ${length}\r\n\r\n`
  )
}

test('a call above the limit of running calls is refused before its body is read, and a later one is served', async t => {
  const gateway = await startGateway(t, { env: { MAX_CONCURRENT_CALLS: '1' } })
  const key = await gateway.client({ name: 'frontend' })
  const running = gateway.post(
    '/v1/messages',
    key,
    message('[[scenario: stall after 1, delay 0ms]]', { stream: true }),
  )
  await gateway.provider.waitForCall()

  const caller = await rawCaller(gateway.url)
  caller.send(head('/v1/messages', key, 10_000_000))
  const { status, body } = await caller.response()
  const onOpenai = await gateway.post('/v1/chat/completions', key, chat('one more'))
  const ready = await fetch(`${gateway.url}/readyz`)

  assert.equal(status, 529)
  const { error } = JSON.parse(body)
  assert.deepEqual([error.type, error.details.error_code], ['overloaded_error', 'overloaded'])
  assert.equal(onOpenai.status, 503)
  assert.match(onOpenai.headers.get('retry-after') ?? '', /^[1-5]$/)
  assert.match(onOpenai.headers.get('retry-after-ms') ?? '', /^[1-4]\d{3}$/)
  assert.deepEqual([ready.status, await ready.json()], [200, { status: 'degraded', degraded: ['capacity'] }])
  assert.equal((await fetch(`${gateway.url}/livez`)).status, 200)
  const line = await gateway.line(onOpenai.headers.get('request-id'))
  assert.deepEqual(
    [line.outcome, line.refusal, line.client, line.error],
    ['refused', 'overloaded', 'frontend', 'overloaded: 1 calls run'],
  )
  caller.close()
  await (await running).body?.cancel()
  await until(async () => (await gateway.post('/v1/messages', key, message('room again'))).status === 200)
})

test('a client that begins to send and never ends leaves room for the others', async t => {
  const gateway = await startGateway(t, { env: { MAX_CONCURRENT_CALLS: '2' } })
  const [idle, honest] = [await gateway.client({ name: 'idle' }), await gateway.client({ name: 'honest' })]
  const first = await rawCaller(gateway.url)
  first.send(head('/v1/messages', idle, 1000))
  await until(async () => gateway.app.running.size === 1)

  const second = await rawCaller(gateway.url)
  second.send(head('/v1/messages', idle, 1000))
  const { status } = await second.response()
  const other = await gateway.post('/v1/messages', honest, message('hello'))

  assert.equal(status, 529)
  assert.equal(other.status, 200)
  first.close()
  second.close()
})

/** A gateway process with a client; `call` sends a body that takes some time to parse. */
async function arrange(t: TestContext, env: Record<string, string>) {
  const provider = await startProvider(t)
  const [{ url: REDIS_URL }, { url: DATABASE_URL }] = [await testRedis(t), await testDatabase(t)]
  const gateway = await startProcess(t, { REDIS_URL, DATABASE_URL, EZAI_BASE_URL: provider.url, ...env })
  await gateway.ready()
  const key = await newClient(gateway.url, 'frontend', {
    limits: { concurrency: 1000 },
    budget: { day: 10_000 },
  })
  const call = async (prompt: string): Promise<Response> =>
    fetch(`${gateway.url}/v1/messages`, {
      method: 'POST',
      headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01', 'x-api-key': key },
      body: JSON.stringify(message(prompt)),
    })
  return { gateway, key, call, provider }
}

test('bodies above the memory limit are refused unread, and one is always accepted', async t => {
  // An eighth of the heap limit is some 30 MB.
  const { gateway, key, call } = await arrange(t, { NODE_OPTIONS: '--max-old-space-size=200' })
  const callers = [await rawCaller(gateway.url), await rawCaller(gateway.url)]
  for (const caller of callers) caller.send(head('/v1/messages', key, 30_000_000))

  const { status } = await Promise.race(callers.map(caller => caller.response()))

  assert.equal(status, 529, 'of two, one')
  assert.equal((await call('a small one')).status, 200)
  for (const caller of callers) caller.close()
  const large = 'x'.repeat(25_000_000)
  await until(async () => (await call(large)).status === 200)
})

test('an overloaded gateway refuses some calls, serves /livez, and recovers', async t => {
  const { gateway, call } = await arrange(t, { OVERLOAD_DELAY_MS: '100' })
  const prompt = 'x'.repeat(4_000_000)
  const responses: { status: number; retryAfter: string | null }[] = []
  let isOver = false
  async function attempt(text: string): Promise<number> {
    const response = await call(text)
    await response.arrayBuffer()
    responses.push({ status: response.status, retryAfter: response.headers.get('retry-after') })
    return response.status
  }
  async function keepCalling() {
    while (!isOver) await attempt(prompt)
  }
  const callers = Array.from({ length: 24 }, keepCalling)

  await until(async () => responses.some(({ status }) => status === 529))
  const alive = await fetch(`${gateway.url}/livez`, { signal: AbortSignal.timeout(20_000) })
  isOver = true
  await Promise.all(callers)

  assert.equal(alive.status, 200)
  assert.deepEqual(
    responses.filter(({ status }) => status !== 200 && status !== 529),
    [],
  )
  assert.ok(responses.every(({ status, retryAfter }) => status === 200 || /^[1-5]$/.test(retryAfter ?? '')))
  await until(async () => (await attempt('again')) === 200)
  await until(async () => gateway.lines.some(({ msg }) => msg === 'no longer overloaded'))
  await until(async () => {
    const response = await fetch(`${gateway.url}/admin/clients/frontend`, {
      headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    })
    const { state } = (await response.json()) as { state: Awaited<ReturnType<Gateway['state']>> }
    return state.concurrency?.running === 0 && state.day?.heldUsd === 0
  })
  const lines = gateway.lines.filter(({ msg }) => msg === 'call')
  assert.equal(new Set(lines.map(({ reqId }) => reqId)).size, lines.length, 'one line a call')
  assert.equal(
    lines.filter(({ refusal }) => refusal === 'overloaded').length,
    responses.filter(({ status }) => status === 529).length,
  )
})
