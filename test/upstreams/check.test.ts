/** POST /admin/upstreams/check, against the simulated provider and servers that refuse. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { checkUpstream } from '../../src/upstreams/check.ts'
import { connectUpstream } from '../../src/upstreams/upstream.ts'
import type { Gateway } from '../gateway.ts'
import { startRouted } from '../routed.ts'
import { upstream } from '../upstream.ts'

interface Checked {
  name: string
  works: boolean
  reachable: boolean
  detail: string
  keys: { key: number; result: string; detail: string }[]
  models: number | null
  missing: string[]
}

async function check(gateway: Gateway): Promise<{ ok: boolean; upstreams: Checked[] }> {
  const { body, status } = await gateway.admin('POST', '/upstreams/check')
  assert.equal(status, 200)
  return body as { ok: boolean; upstreams: Checked[] }
}

test('an upstream that works is checked with each key, and missing models are named', async t => {
  const { gateway, seen } = await startRouted(t, {
    names: ['first', 'second'],
    routes: [{ models: ['claude-haiku-4-5', 'claude-opus-4-5'], order: ['first'] }],
    upstreams: {
      first: { keys: [{ env: 'KEY_OF_FIRST' }, { env: 'OTHER' }] },
      second: { type: 'openai', models: { 'gpt-6-luna': 'my-luna', 'gpt-6-*': 'gpt-6-*' } },
    },
    options: { env: { OTHER: 'another-key-of-first' } },
  })

  const { ok, upstreams } = await check(gateway)

  assert.equal(ok, true)
  assert.deepEqual(upstreams, [
    {
      name: 'first',
      title: 'EzAI',
      works: true,
      reachable: true,
      detail: 'lists 4 models',
      keys: [
        { key: 1, result: 'accepted', detail: 'answered 200' },
        { key: 2, result: 'accepted', detail: 'answered 200' },
      ],
      models: 4,
      missing: ['claude-opus-4-5'],
    },
    {
      name: 'second',
      title: 'OpenAI',
      works: true,
      reachable: true,
      detail: 'lists 4 models',
      keys: [{ key: 1, result: 'accepted', detail: 'answered 200' }],
      models: 4,
      missing: ['my-luna'],
    },
  ])
  assert.deepEqual(seen(), { first: 0, second: 0 })
  const { body } = await gateway.admin('GET', '/audit?action=upstreams.check')
  assert.partialDeepStrictEqual(body, {
    audit: [{ action: 'upstreams.check', after: { upstreams: ['first', 'second'] } }],
  })
})

test('a refused key, an unreachable upstream and one without a list are distinguished, and no key is shown', async t => {
  const refusing = await upstream(t, (response, { headers }) => {
    const key = String(headers['x-api-key'] ?? headers.authorization)
    const isGood = key.includes('another-key-of-first')
    response
      .writeHead(isGood ? 200 : 401, { 'content-type': 'application/json' })
      .end(isGood ? '{"data":[]}' : `{"error":{"message":"no such key: ${key}"}}`)
  })
  const without = await upstream(t, response => response.writeHead(404).end('not here'))
  const { gateway } = await startRouted(t, {
    names: ['first', 'second', 'third', 'fourth'],
    upstreams: {
      first: { baseUrl: refusing, keys: [{ env: 'KEY_OF_FIRST' }, { env: 'OTHER' }] },
      second: { baseUrl: 'http://127.0.0.1:1' },
      third: { baseUrl: without },
      fourth: { type: 'bedrock', baseUrl: without, region: 'eu-west-1' },
    },
    options: { env: { OTHER: 'another-key-of-first' } },
  })

  const { ok, upstreams } = await check(gateway)

  assert.equal(ok, false)
  assert.deepEqual(
    upstreams.map(({ name, works, reachable }) => [name, works, reachable]),
    [
      ['first', false, true],
      ['second', false, false],
      ['third', true, true],
      ['fourth', true, true],
    ],
  )
  const [first, second, third, fourth] = upstreams
  assert.deepEqual(
    first?.keys.map(({ result }) => result),
    ['refused', 'accepted'],
  )
  assert.match(String(first?.keys[0]?.detail), /^answered 401: .*no such key: /)
  assert.doesNotMatch(JSON.stringify(upstreams), /key-of-first/)
  assert.equal(second?.detail, 'no connection could be made')
  assert.equal(third?.detail, 'has no model list; the connection works')
  assert.equal(fourth?.detail, 'has no model list; the connection works')
})

test('a viewer may not check', async t => {
  const { gateway } = await startRouted(t, { names: ['first'] })
  const made = await gateway.admin('POST', '/tokens', { name: 'looker', role: 'viewer' })

  const response = await fetch(`${gateway.url}/admin/upstreams/check`, {
    method: 'POST',
    headers: { authorization: `Bearer ${made.body.token}` },
  })

  assert.equal(response.status, 403)
})

test('an upstream that does not answer in time, or sends another page, does not work', async t => {
  const silent = await upstream(t, () => {})
  const page = await upstream(t, response => response.end('<html>sign in</html>'))
  const check = (baseUrl: string, type: 'ezai' | 'bedrock') => {
    const settings = { name: 'own', type, baseUrl, region: 'eu-west-1', secrets: [() => 'a-key-of-ours'] }
    const connected = connectUpstream(settings, 5000)
    t.after(() => connected.pool.destroy())
    return checkUpstream(connected, { routes: [], redact: text => text, timeoutMs: 200 })
  }

  const results = [await check(silent, 'ezai'), await check(silent, 'bedrock'), await check(page, 'ezai')]

  assert.deepEqual(
    results.map(({ works, reachable, detail }) => [works, reachable, detail]),
    [
      [false, false, 'no response in time'],
      [false, false, 'has no model list; the connection does not work: no response in time'],
      [false, true, 'answered 200, but not with a model list'],
    ],
  )
})
