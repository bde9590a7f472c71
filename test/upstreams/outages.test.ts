/** Three equal upstreams, of which some fail: no call fails that another upstream could serve. */

import assert from 'node:assert/strict'
import { once } from 'node:events'
import { createServer } from 'node:https'
import { type TestContext, test } from 'node:test'
import { makeExpiredCertificate } from '../certificates.ts'
import { type Gateway, message } from '../gateway.ts'
import { startRouted } from '../routed.ts'
import { freePort } from '../servers.ts'
import { until } from '../until.ts'
import { fixedUpstream } from '../upstream.ts'

const names = ['first', 'second', 'third'] as const
const routes = [{ models: ['claude-haiku-*'], targets: names.map(upstream => ({ upstream })) }]

type Settings = Record<string, Record<string, unknown>>

async function arrange(t: TestContext, upstreams: Settings = {}) {
  const routed = await startRouted(t, { names, routes, upstreams })
  const key = await routed.gateway.client({ name: 'frontend', cache: { enabled: false } })
  return { ...routed, key }
}

interface Load {
  count: number
  atOnce?: number
  stream?: boolean
  onEach?: (call: number) => void
}

interface Result {
  status: number
  upstream: string | null
  text: string
}

/** Makes `count` calls, `atOnce` at a time; without `stream` every second one is a stream. `onEach` runs before each call. */
async function callAll(
  { post }: Gateway,
  key: string,
  { count, atOnce = 20, stream, onEach }: Load,
): Promise<Result[]> {
  const results: Result[] = []
  let next = 0
  const caller = async () => {
    while (next < count) {
      const number = next++
      onEach?.(number)
      const response = await post(
        '/v1/messages',
        key,
        message(`hello ${number}`, { stream: stream ?? number % 2 === 0 }),
      )
      const upstream = response.headers.get('x-tollgate-upstream')
      results.push({ status: response.status, upstream, text: await response.text().catch(String) })
    }
  }
  await Promise.all(Array.from({ length: atOnce }, caller))
  return results
}

const failed = (results: Result[]) => results.filter(({ status }) => status !== 200)
const sum = (seen: Record<string, number>) => Object.values(seen).reduce((total, one) => total + one, 0)

test('an upstream that dies during 300 calls fails no call whose response had not begun', async t => {
  const { gateway, providers, key } = await arrange(t)
  for (const name of names) providers[name].use(() => 'delay 10ms')

  const results = await callAll(gateway, key, {
    count: 300,
    onEach: number => {
      if (number === 150) void providers.second.close()
    },
  })

  // A response that had begun may be cut; it has status 200.
  assert.deepEqual(failed(results), [])
})

test('calls avoid an upstream that limits the gateway, for as long as it says', async t => {
  const { gateway, providers, seen, key } = await arrange(t)
  providers.second.use(() => 'status 429 retry-after 60')

  const results = await callAll(gateway, key, { count: 100, atOnce: 5 })

  assert.deepEqual(failed(results), [])
  assert.ok(seen().second <= 5, `${seen().second} calls to the limited upstream`)
})

test('an upstream that hangs is ejected after a few calls', async t => {
  const { gateway, providers, seen, key } = await arrange(t, { second: { timeoutSeconds: 0.2 } })
  providers.second.use(() => 'silent')

  const results = await callAll(gateway, key, { count: 100, atOnce: 5 })

  assert.deepEqual(failed(results), [])
  assert.ok(seen().second < 20, `${seen().second} calls to the silent upstream`)
})

test('an upstream that sends an error as the first event of each stream is ejected', async t => {
  const overloaded =
    'event: error\ndata: {"type":"error","error":{"type":"overloaded_error","message":"Overloaded"}}\n\n'
  const baseUrl = await fixedUpstream(t, 'text/event-stream', overloaded)
  const { gateway, key } = await arrange(t, { second: { baseUrl } })

  const results = await callAll(gateway, key, { count: 60, atOnce: 5, stream: true })

  assert.deepEqual(failed(results), [])
  assert.ok(results.every(({ text }) => !text.includes('overloaded_error')))
})

test('an upstream that is slow to its first byte gets fewer calls', async t => {
  const { gateway, providers, seen, key } = await arrange(t)
  providers.second.use(() => 'delay 200ms')

  const results = await callAll(gateway, key, { count: 120, atOnce: 6 })

  assert.deepEqual(failed(results), [])
  assert.ok(seen().second < 30, `${seen().second} of 120 calls to the slow upstream`)
})

test('an upstream without an address in DNS, and one that refuses connections, fail no call', async t => {
  const { gateway, key } = await arrange(t, {
    second: { baseUrl: 'http://upstream.invalid' },
    third: { baseUrl: `http://127.0.0.1:${await freePort()}` },
  })

  const results = await callAll(gateway, key, { count: 60, atOnce: 5 })

  assert.deepEqual(failed(results), [])
  assert.ok(results.every(({ upstream }) => upstream === 'first'))
})

test('an upstream whose certificate has expired fails no call', async t => {
  const server = createServer(await makeExpiredCertificate(t)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  t.after(() => server.close())
  const address = server.address()
  const port = typeof address === 'object' ? address?.port : 0
  const { gateway, key } = await arrange(t, { second: { baseUrl: `https://127.0.0.1:${port}` } })

  const results = await callAll(gateway, key, { count: 60, atOnce: 5 })

  assert.deepEqual(failed(results), [])
})

test('after all upstreams died the caller gets their error at once, and no load is multiplied', async t => {
  const { gateway, providers, seen, key } = await arrange(t)
  for (const name of names) providers[name].use(() => 'status 529')

  const results = await callAll(gateway, key, { count: 300 })

  assert.ok(results.every(({ status }) => status === 529))
  assert.ok(results.every(({ text }) => JSON.parse(text).error.type === 'overloaded_error'))
  assert.ok(sum(seen()) <= 1.2 * 300, `${sum(seen())} requests to upstreams for 300 calls`)
  // Calls that were not sent cost no upstream a request.
  const lines = await until(() => gateway.calls().length === 300 && gateway.calls())
  assert.ok(lines.filter(({ attempts }) => attempts === undefined).length > 200)
})

test('an upstream that comes back gets calls again', async t => {
  const { gateway, providers, seen, key } = await arrange(t)
  providers.second.use(() => 'status 500')
  await callAll(gateway, key, { count: 60, atOnce: 5 })
  providers.second.use()
  const before = seen().second

  await until(async () => {
    await callAll(gateway, key, { count: 10, atOnce: 5 })
    return seen().second > before + 5
  })

  assert.ok(seen().second > before)
})
