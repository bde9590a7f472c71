/** What happens between two attempts of a call: waits, changes of the configuration, and callers who leave. */

import assert from 'node:assert/strict'
import { readFile } from 'node:fs/promises'
import type { ServerResponse } from 'node:http'
import { type TestContext, test } from 'node:test'
import { query } from '../../src/embedded/postgres.ts'
import { chat, type Gateway, message } from '../gateway.ts'
import { startRouted } from '../routed.ts'
import { until } from '../until.ts'
import { upstream } from '../upstream.ts'

const names = ['first', 'second', 'third'] as const
const route = { models: ['claude-haiku-*'], order: ['first', 'second', 'third'] }

interface Row {
  id: string
  upstream: string
  costUsd: number
  estimated: boolean
}

async function settledRows(gateway: Gateway, count: number): Promise<Row[]> {
  await until(async () => (await gateway.state('frontend')).day?.heldUsd === 0)
  return until(async () => {
    const { body } = await gateway.admin('GET', '/calls')
    const rows = body.calls as Row[]
    return rows.length === count && rows.toSorted((a, b) => (a.id < b.id ? -1 : 1))
  })
}

/** The second upstream's attempt waits for `go`; then it ends without a response, so it is charged. */
async function arrangeChargedSecond(t: TestContext, budgetUsd = 5) {
  const routed = await startRouted(t, { names, routes: [route] })
  const { gateway, providers } = routed
  const key = await gateway.client({ name: 'frontend', budget: { day: budgetUsd } })
  providers.first.use(() => 'status 529')
  providers.second.use(() => 'hold answer, unread')
  const response = gateway.post('/v1/messages', key, message('hello'))
  await providers.second.waitForCall()
  return { ...routed, key, response, go: () => providers.second.release('answer') }
}

test('a call whose wait is about the longest allowed one ends with the error of the provider', async t => {
  const routes = [{ models: ['claude-haiku-*'], order: ['first'], retries: 1, retryWithinMs: 1050 }]
  const { gateway, providers } = await startRouted(t, { names: ['first'], routes })
  const key = await gateway.client({ name: 'frontend' })
  providers.first.use(() => 'status 429 retry-after 1')

  const calls = Array.from({ length: 20 }, (_, i) => gateway.post('/v1/messages', key, message(`hello ${i}`)))
  const statuses = (await Promise.all(calls)).map(({ status }) => status)

  assert.deepEqual(new Set(statuses), new Set([429]))
})

test('a call whose upstreams and client were changed between two attempts is served by the new ones', async t => {
  const { gateway, file, write, response, go } = await arrangeChargedSecond(t)
  const content = JSON.parse(await readFile(file, 'utf8'))
  await write({ ...content, routes: [{ ...route, retryWithinMs: 100 }] })
  await until(() => gateway.lines.some(({ msg }) => msg === 'upstreams were read again'))
  await gateway.admin('PATCH', '/clients/frontend', { budget: { day: 4 } })

  go()

  const served = await response
  assert.deepEqual([served.status, served.headers.get('x-tollgate-upstream')], [200, 'third'])
  const rows = await settledRows(gateway, 2)
  assert.deepEqual(
    rows.map(one => one.upstream),
    ['second', 'third'],
  )
})

test('a budget that was cut between two attempts ends the call, and its line names the upstream that failed', async t => {
  const { gateway, response, go, seen } = await arrangeChargedSecond(t)
  await gateway.admin('PATCH', '/clients/frontend', { budget: { day: 0.0001 } })

  go()

  const { status, headers } = await response
  assert.equal(status, 529)
  assert.deepEqual(seen(), { first: 1, second: 1, third: 0 })
  const line = await gateway.line(headers.get('request-id'))
  const [row] = await settledRows(gateway, 1)
  assert.deepEqual([line.upstream, line.costUsd], ['second', row?.costUsd])
})

test('a key that was revoked between two attempts starts no other attempt', async t => {
  const { gateway, key, response, go, seen } = await arrangeChargedSecond(t)
  await gateway.admin('DELETE', `/keys/${key.slice(3, 11)}`)

  go()

  assert.equal((await response).status, 529)
  assert.deepEqual(seen(), { first: 1, second: 1, third: 0 })
  const [row] = await settledRows(gateway, 1)
  assert.equal(row?.upstream, 'second')
})

test('a call that was charged and then had no room does not count as refused', async t => {
  const { gateway, key, response, go } = await arrangeChargedSecond(t)
  await gateway.admin('PATCH', '/clients/frontend', { budget: { day: 0.0001 } })

  go()
  await response
  await settledRows(gateway, 1)
  await gateway.post('/v1/messages', key, message('refused'))
  await until(() => gateway.calls().length === 2)
  // The counts are written at the latest when the gateway stops.
  await gateway.stop()

  const { rows } = await query(gateway.databaseUrl, 'select reason, count from refusals')
  assert.deepEqual(rows, [{ reason: 'request_exceeds_budget', count: '1' }])
})

test('what an upstream sends after the error that began its stream is not metered as the next response', async t => {
  const late: ServerResponse[] = []
  const baseUrl = await upstream(t, response => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    response.write('data: {"error":{"message":"Overloaded","type":"server_error","code":503}}\n\n')
    late.push(response)
  })
  const { gateway, providers } = await startRouted(t, {
    names: ['first', 'second'],
    routes: [{ models: ['gpt-*'], order: ['first', 'second'] }],
    upstreams: { first: { baseUrl } },
  })
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 } })
  providers.second.use(() => 'usage 100 in 50 out, hold answer, slow-stream 8 chunks 300ms')
  const response = gateway.post('/v1/chat/completions', key, chat('hello', { stream: true }))
  await providers.second.waitForCall()

  await new Promise(resolve => late[0]?.write('data: [DONE]\n\n', resolve))
  // The gateway closes that connection a second after the error, and has read all of it by then.
  await new Promise(resolve => late[0]?.once('close', resolve))
  providers.second.release('answer')

  assert.match(await (await response).text(), /\[DONE\]/)
  const [row] = await settledRows(gateway, 1)
  assert.equal(row?.estimated, false)
})

test('the last attempt gets only the time that the others left', async t => {
  const { gateway, providers } = await startRouted(t, {
    names: ['first', 'second'],
    routes: [{ models: ['claude-haiku-*'], order: ['first', 'second'] }],
    options: { env: { UPSTREAM_TIMEOUT_SECONDS: '4' } },
  })
  const key = await gateway.client({ name: 'frontend' })
  providers.first.use(() => 'silent')
  providers.second.use(() => 'silent')

  const { status, headers } = await gateway.post('/v1/messages', key, message('hello'))

  assert.equal(status, 504)
  const { tried } = await gateway.line(headers.get('request-id'))
  const times = [...String(tried).matchAll(/\((\d+) ms/g)].map(([, ms]) => Number(ms))
  assert.equal(times.length, 2)
  assert.ok(
    times.every(ms => ms < 4000),
    String(tried),
  )
})

test('a hold that two attempts share covers the first seconds of the second one, too', async t => {
  const { gateway, providers } = await startRouted(t, { names, routes: [route] })
  // Room for the first seconds of output, and for no more.
  const key = await gateway.client({ name: 'frontend', budget: { day: 0.0285 } })
  providers.first.use(() => 'hold first, status 529')
  providers.second.use(() => 'hold second')
  const response = gateway.post('/v1/messages', key, message('hello', { max_tokens: 64_000 }))
  await providers.first.waitForCall()
  const [hold] = gateway.app.holds
  const before = Number(hold?.coveredUntil)

  providers.first.release('first')
  await providers.second.waitForCall()

  const after = Number(hold?.coveredUntil)
  providers.second.release('second')
  assert.equal((await response).status, 200)
  assert.ok(after > before, `covered until ${before}, then ${after}`)
})

test('a caller who leaves during the wait for an upstream ends the call at once', async t => {
  const routes = [{ models: ['claude-haiku-*'], order: ['first'], retries: 1, retryWithinMs: 60_000 }]
  const { gateway, providers } = await startRouted(t, { names: ['first'], routes })
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 } })
  providers.first.use(() => 'status 429 retry-after 50')
  const leaving = new AbortController()
  const response = gateway.post('/v1/messages', key, message('hello'), { signal: leaving.signal })
  await providers.first.waitForCall()
  await providers.first.waitForIdle()

  leaving.abort()

  await assert.rejects(response)
  const line = await gateway.line()
  assert.ok(Number(line.latencyMs) < 50_000, String(line.latencyMs))
  assert.deepEqual([line.outcome, line.status], ['client_gone', 499])
  assert.equal((await settledRows(gateway, 1))[0]?.costUsd, 0)
})

test('a caller who leaves before the error of the upstream is logged as gone', async t => {
  const { gateway, providers } = await startRouted(t, { names: ['first'] })
  const key = await gateway.client({ name: 'frontend' })
  providers.first.use(() => 'hold answer, status 500')
  const leaving = new AbortController()
  const response = gateway.post('/v1/messages', key, message('hello'), { signal: leaving.signal })
  await providers.first.waitForCall()
  const [call] = gateway.app.running

  leaving.abort()
  await assert.rejects(response)
  await until(() => call?.request.disconnected)
  providers.first.release('answer')

  const line = await gateway.line()
  assert.deepEqual([line.outcome, line.status], ['client_gone', 499])
})
