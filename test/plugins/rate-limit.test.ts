/** The request and token buckets of calls, and the wait that a refusal names. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { message, startGateway } from '../gateway.ts'
import { until } from '../until.ts'

const STALLS = '[[scenario: usage 50 in, slow-stream 10 chunks 0ms, stall after 3]]'

async function arrange(t: TestContext, limits: Record<string, unknown>) {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', cache: { enabled: false }, limits })
  const send = (prompt: string, more: Record<string, unknown> = {}, init?: RequestInit) =>
    gateway.post('/v1/messages', key, message(prompt, { max_tokens: 64_000, ...more }), init)
  const idle = () => until(async () => (await gateway.state('frontend')).concurrency?.running === 0)
  const available = async () => Number((await gateway.state('frontend')).tokens?.available)

  /** Tokens that a call has reserved while it runs. */
  async function reserved(more: Record<string, unknown> = {}): Promise<number> {
    await idle()
    const before = await available()
    const caller = new AbortController()
    const response = await send(STALLS, { stream: true, ...more }, { signal: caller.signal })
    assert.equal(response.status, 200)
    const during = await available()
    caller.abort()
    await idle()
    return before - during
  }

  return { gateway, send, idle, available, reserved }
}

/** Refills too slowly for a test to notice. */
const SLOW = { capacity: 1_000_000, per: '30d' }

test('six parallel calls with an output limit of 64,000 share a bucket of 200,000 tokens a minute', async t => {
  const { gateway, send } = await arrange(t, { tokens: { capacity: 200_000, per: '1m' } })
  const caller = new AbortController()

  const responses = await Promise.all(
    Array.from({ length: 6 }, () => send(STALLS, { stream: true }, { signal: caller.signal })),
  )

  assert.deepEqual(
    responses.map(({ status }) => status),
    Array(6).fill(200),
  )
  assert.equal((await gateway.state('frontend')).concurrency?.running, 6)
  caller.abort()
})

test('a client with long responses reserves more for its next call, up to its output limit', async t => {
  const { send, reserved } = await arrange(t, { tokens: SLOW })
  const atStart = await reserved()
  for (let i = 0; i < 10; i++) {
    const response = await send(`${i} [[scenario: usage 50 in 10000 out]]`)
    assert.equal(response.status, 200)
    await response.text()
  }

  const learned = await reserved()
  const limited = await reserved({ max_tokens: 200 })

  assert.ok(atStart >= 1000 && atStart < 1200, `at the start: ${atStart}`)
  assert.ok(learned >= 9000 && learned < 10_300, `after long responses: ${learned}`)
  assert.ok(limited >= 200 && limited < 400, `with an output limit of 200: ${limited}`)
})

test('a call that the bucket refuses waits for a running call, not for the whole refill', async t => {
  const { send, idle } = await arrange(t, { tokens: { capacity: 1500, per: '1h' } })
  const caller = new AbortController()
  const running = await send(STALLS, { stream: true }, { signal: caller.signal })
  assert.equal(running.status, 200)

  const beside = await send('hello')
  caller.abort()
  await idle()

  assert.equal(beside.status, 429)
  assert.equal(beside.headers.get('retry-after'), '1')
  assert.equal((await send('hello')).status, 200)
})

test('a response longer than its reservation leaves debt', async t => {
  const { send, idle, available } = await arrange(t, { tokens: { capacity: 5000, per: '30d' } })
  const response = await send('[[scenario: usage 50 in 20000 out]]')
  assert.equal(response.status, 200)
  await response.text()
  await idle()

  const next = await send('hello')

  assert.equal(next.status, 429)
  assert.equal(await available(), 0)
})

test('the usual output of one model does not change another model’s', async t => {
  const { send, reserved } = await arrange(t, { tokens: SLOW })
  for (let i = 0; i < 10; i++) await (await send(`${i} [[scenario: usage 50 in 10000 out]]`)).text()

  const other = await reserved({ model: 'claude-opus-5-5' })

  assert.ok(other < 1200, `${other}`)
})
