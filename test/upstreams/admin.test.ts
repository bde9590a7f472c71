/** What GET /admin/upstreams says of upstreams, their health and their routes. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { message } from '../gateway.ts'
import { type Routed, startRouted } from '../routed.ts'
import { until } from '../until.ts'

const HAIKU = { models: ['claude-haiku-*'], order: ['first', 'second'] }
const names = ['first', 'second'] as const
/** The figures of an upstream without calls. */
const IDLE = { keys: 1, keysSetAside: 0, running: 0, firstByteMs: null, health: 'ok', circuits: [] }

interface Shown {
  name: string
  health: string
  keys: number
  keysSetAside: number
  firstByteMs: number | null
  circuits: { model: string; key?: number }[]
}

async function shown({ gateway }: Pick<Routed<'first' | 'second'>, 'gateway'>): Promise<Shown[]> {
  const { body } = await gateway.admin('GET', '/upstreams')
  return body.upstreams as Shown[]
}

test('upstreams are listed with their settings and routes, and without keys', async t => {
  const fast = {
    models: ['fast'],
    targets: [
      { upstream: 'first', model: 'gpt-6-luna', weight: 9 },
      { upstream: 'second', model: 'gpt-6-luna' },
    ],
    retries: 3,
    sticky: 'client',
  }
  const upstreams = {
    second: { type: 'openai', models: { 'gpt-*': 'own-gpt-*' }, limits: { concurrency: 7 } },
  }
  const { gateway, providers } = await startRouted(t, { names, routes: [fast], upstreams })

  const { body, status } = await gateway.admin('GET', '/upstreams')

  assert.equal(status, 200)
  assert.deepEqual(body, {
    upstreams: [
      {
        name: 'first',
        type: 'ezai',
        title: 'EzAI',
        address: providers.first.url,
        models: null,
        dialects: [
          'openai-chat',
          'openai-responses',
          'openai-embeddings',
          'anthropic-messages',
          'anthropic-count-tokens',
        ],
        concurrency: null,
        ...IDLE,
      },
      {
        name: 'second',
        type: 'openai',
        title: 'OpenAI',
        address: providers.second.url,
        models: { 'gpt-*': 'own-gpt-*' },
        dialects: ['openai-chat', 'openai-responses', 'openai-embeddings'],
        concurrency: 7,
        ...IDLE,
      },
    ],
    routes: [
      {
        models: ['fast'],
        isBalanced: true,
        targets: [
          { upstream: 'first', model: 'gpt-6-luna', weight: 9 },
          { upstream: 'second', model: 'gpt-6-luna', weight: 1 },
        ],
        retries: 3,
        sticky: 'client',
      },
    ],
    fault: null,
  })
})

test('an upstream is ok, down after a refusal, and degraded while it serves another model', async t => {
  const routed = await startRouted(t, {
    names,
    routes: [HAIKU, { models: ['claude-sonnet-4-5'], order: ['first'] }],
  })
  const { gateway, providers } = routed
  const key = await gateway.client({ name: 'frontend', cache: { enabled: false } })
  const call = async (model: string) => {
    const response = await gateway.post('/v1/messages', key, message('hello', { model }))
    await response.arrayBuffer()
    return response.status
  }

  providers.first.next('status 401')
  assert.equal(await call('claude-haiku-4-5'), 200)
  const [refused, other] = await shown(routed)
  assert.equal(await call('claude-sonnet-4-5'), 200)
  const [served] = await shown(routed)

  assert.deepEqual([refused?.health, refused?.keysSetAside, refused?.circuits.length], ['down', 1, 1])
  assert.deepEqual([other?.health, other?.keysSetAside], ['ok', 0])
  assert.ok(other?.firstByteMs && other.firstByteMs > 0)
  assert.deepEqual(
    [served?.health, served?.circuits.map(({ model }) => model)],
    ['degraded', ['claude-haiku-4-5']],
  )
})

test('of two keys one that is refused is set aside, and the upstream is degraded', async t => {
  const routed = await startRouted(t, {
    names,
    routes: [HAIKU],
    upstreams: { first: { keys: [{ env: 'KEY_OF_FIRST' }, { env: 'OTHER' }] } },
    options: { env: { OTHER: 'another-key-of-first' } },
  })
  const key = await routed.gateway.client({ name: 'frontend' })
  routed.providers.first.next('status 401')

  const response = await routed.gateway.post('/v1/messages', key, message('hello'))

  assert.equal(response.status, 200)
  const [first] = await shown(routed)
  assert.partialDeepStrictEqual(first, { health: 'degraded', keys: 2, keysSetAside: 1 })
  assert.deepEqual(
    first?.circuits.map(({ key }) => key),
    [1],
  )
})

test('the only upstream is down after five failures, and ok after the next call that it serves', async t => {
  const routed = await startRouted(t, { names })
  const key = await routed.gateway.client({ name: 'frontend', cache: { enabled: false } })
  const call = async () => (await routed.gateway.post('/v1/messages', key, message('hello'))).status
  const health = async () => (await shown(routed))[0]?.health
  routed.providers.first.use(() => 'status 500')
  for (let i = 0; i < 4; i++) assert.equal(await call(), 502)

  const before = await health()
  assert.equal(await call(), 502)
  const down = await health()
  routed.providers.first.use(() => 'ok')
  assert.equal(await call(), 200)

  assert.deepEqual([before, down, await health()], ['ok', 'down', 'ok'])
})

test('the fault of a changed file is shown while the previous upstreams stay in force', async t => {
  const routed = await startRouted(t, { names })

  await routed.write({ upstreams: [{ name: 'first', type: 'nothing' }] })

  const fault = await until(async () => (await routed.gateway.admin('GET', '/upstreams')).body.fault)
  assert.match(String(fault), /type/)
  assert.deepEqual(
    (await shown(routed)).map(({ name }) => name),
    ['first', 'second'],
  )
})
