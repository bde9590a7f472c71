/** GET /admin/calls/live: calls of all replicas as they end. */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { type TestContext, test } from 'node:test'
import { fits, type LiveCall, liveCall } from '../../../src/admin/live/call.ts'
import type { Entry } from '../../../src/ledger/call-record.ts'
import { ADMIN_TOKEN, type Gateway, message, startGateway } from '../../gateway.ts'
import { testDatabase, testRedis } from '../../servers.ts'
import { until } from '../../until.ts'

interface Watching {
  calls: LiveCall[]
  /** Resolves once the gateway has ended it. */
  ended: Promise<void>
}

/** A client of the stream; `calls` has the received calls. */
async function watch(t: TestContext, { url }: Gateway, query = ''): Promise<Watching> {
  const gone = new AbortController()
  t.after(() => gone.abort())
  const response = await fetch(`${url}/admin/calls/live${query}`, {
    headers: { authorization: `Bearer ${ADMIN_TOKEN}` },
    signal: gone.signal,
  })
  assert.equal(response.status, 200)
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/)
  const calls: LiveCall[] = []
  return { calls, ended: collect(response, calls).catch(() => {}) }
}

async function collect(response: Response, calls: LiveCall[]): Promise<void> {
  let rest = ''
  for await (const text of response.body!.pipeThrough(new TextDecoderStream())) {
    const events = (rest + text).split('\n\n')
    rest = events.pop() ?? ''
    for (const event of events) {
      const data = /^data: (.*)$/m.exec(event)?.[1]
      if (data) calls.push(...(JSON.parse(data) as { calls: LiveCall[] }).calls)
    }
  }
}

/** A replica publishes calls only after it has seen that a client watches. */
async function callUntilSeen({ post }: Gateway, key: string, { calls }: Watching, wanted: object) {
  return until(async () => {
    await post('/v1/messages', key, message(randomUUID()))
    return calls.find(call =>
      Object.entries(wanted).every(([name, value]) => Reflect.get(call, name) === value),
    )
  })
}

test('a stream on one replica shows a call of another, with the fields of the ledger', async t => {
  const stores = { redisUrl: (await testRedis(t)).url, databaseUrl: (await testDatabase(t)).url }
  const [here, there] = [await startGateway(t, stores), await startGateway(t, stores)]
  const key = await here.client({ name: 'frontend', team: 'web' })
  const watching = await watch(t, there)

  const seen = await callUntilSeen(here, key, watching, { outcome: 'ok' })

  const { body } = await until(async () => {
    const found = await here.admin('GET', `/calls/${seen.id}`)
    return found.status === 200 && found
  })
  const [row] = body.rows as Record<string, unknown>[]
  for (const fact of [
    'at',
    'client',
    'team',
    'key',
    'model',
    'costUsd',
    'heldUsd',
    'inputTokens',
    'outputTokens',
  ])
    assert.equal(Reflect.get(seen, fact), row?.[fact], fact)
})

test('the stream shows a refused call with its reason, and only calls that match its filter', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend', models: ['gpt-*'] })
  const [refused, others] = [
    await watch(t, gateway, '?client=frontend'),
    await watch(t, gateway, '?client=batch'),
  ]
  const seen = await callUntilSeen(gateway, key, refused, { outcome: 'refused' })
  assert.equal(seen.refusal, 'model_not_allowed')
  assert.deepEqual(others.calls, [])
})

test('a filter selects by client name or id, by model and by outcome', () => {
  const call = { clientId: 'c1', client: 'frontend', model: 'gpt-6-luna', outcome: 'ok' } as LiveCall
  for (const filter of [{}, { client: 'c1' }, { client: 'frontend', model: 'gpt-6-luna' }, { outcome: 'ok' }])
    assert.equal(fits(filter, call), true)
  for (const filter of [{ client: 'batch' }, { client: 'c1', outcome: 'refused' }, { model: 'gpt-6' }])
    assert.equal(fits(filter, call), false)
})

test('live calls have the estimate and the unbounded mark under the names of the ledger', () => {
  const shown = {
    estimated: true,
    estimate: 'input: reported; output: 3.0 s x 240 tokens/s',
    unbounded: true,
  }
  const entry: Entry = {
    ...{ reqId: 'req_1', clientId: 'c1', client: 'frontend', teamId: undefined, team: undefined, key: 'k1' },
    ...{ route: '/v1/messages', model: 'claude-haiku-4-5', upstream: 'ezai', status: 200, stream: true },
    upstreamModel: undefined,
    attempts: 1,
    tried: undefined,
    ...{ outcome: 'client_gone', cache: undefined, latencyMs: 1, ttftMs: undefined, upstreamMs: undefined },
    ...{ inputTokens: 1, cacheReadTokens: 0, cacheWriteTokens: 0, outputTokens: 1 },
    ...{
      costNanos: 1,
      savedNanos: 0,
      priceVersion: 'v',
      error: undefined,
      refusal: undefined,
      scope: undefined,
    },
    ...shown,
  }
  assert.partialDeepStrictEqual(liveCall(entry, 0, 2), { id: 'req_1', ...shown })
})

test('no call is published without a client of the stream', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend' })
  const response = await gateway.post('/v1/messages', key, message('hello'))
  await gateway.line(response.headers.get('request-id'))
  assert.equal(await gateway.app.redis.exists('{tollgate}:live', '{tollgate}:watched'), 0)
})

test('an open stream does not delay a drain', async t => {
  const gateway = await startGateway(t)
  const { ended } = await watch(t, gateway)
  gateway.app.drain()
  await ended
  const late = await gateway.admin('GET', '/calls/live')
  assert.equal(late.status, 503)
  await gateway.app.idle()
})

test('the stream needs a token of the administration', async t => {
  const { url } = await startGateway(t)
  assert.equal((await fetch(`${url}/admin/calls/live`)).status, 401)
})
