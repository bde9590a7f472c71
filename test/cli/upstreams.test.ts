/** The commands `upstreams list` and `upstreams check`. */

import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { main } from '../../src/cli/main.ts'
import { ADMIN_TOKEN, message } from '../gateway.ts'
import { type RoutedOptions, startRouted } from '../routed.ts'

type Name = 'first' | 'second'

async function arrange(t: TestContext, more: Partial<RoutedOptions<Name>> = {}) {
  const names = ['first', 'second'] as const
  const routed = await startRouted<Name>(t, { names, ...more })
  const run = async (line: string) => {
    const [out, err]: [string[], string[]] = [[], []]
    const target = { url: routed.gateway.url, token: ADMIN_TOKEN }
    const code = await main(line.split(' '), target, {
      out: text => void out.push(text),
      err: text => void err.push(text),
    })
    return { code, out: out.join('\n'), err: err.join('\n') }
  }
  return { ...routed, run }
}

test('upstreams list prints upstreams, circuits and routes', async t => {
  const { gateway, providers, run } = await arrange(t, {
    routes: [
      { models: ['claude-haiku-*'], order: ['first', 'second'] },
      { models: ['fast'], targets: [{ upstream: 'second', model: 'gpt-6-luna', weight: 3 }] },
    ],
    upstreams: { second: { models: { '*': '*' }, limits: { concurrency: 9 } } },
  })
  const key = await gateway.client({ name: 'frontend' })
  providers.first.next('status 401')
  await (await gateway.post('/v1/messages', key, message('hello'))).arrayBuffer()

  const { code, out } = await run('upstreams list')

  assert.equal(code, 0)
  assert.match(out, /^NAME +TYPE +HEALTH +KEYS +RUNNING +FIRST BYTE MS +MODELS +ADDRESS$/m)
  assert.match(out, /^first +ezai +down +1 \(1 set aside\) +0 +- +its own +http:\/\/127\.0\.0\.1:\d+$/m)
  assert.match(out, /^second +ezai +ok +1 +0\/9 +\d+ +1 mapped +http/m)
  assert.match(out, /^first +claude-haiku-4-5 +open +the provider answered 401; next try in 1 s$/m)
  assert.match(out, /^claude-haiku-\* +first > second +1 +-$/m)
  assert.match(out, /^fast +second\/gpt-6-luna \(3\) +0 +-$/m)
})

test('upstreams check says what works, with exit code 1 if one does not', async t => {
  const { run } = await arrange(t, {
    routes: [{ models: ['claude-opus-4-5'], order: ['first'] }],
    upstreams: { second: { baseUrl: 'http://127.0.0.1:1' } },
  })

  const { code, out, err } = await run('upstreams check')
  const json = await run('upstreams check --json')

  assert.equal(code, 1)
  assert.match(out, /^first +1 +yes +key accepted; lists 4 models$/m)
  assert.match(out, /^second +1 +no +key unknown: no connection could be made$/m)
  assert.equal(err, 'first does not list claude-opus-4-5. Some lists are not complete.')
  assert.equal(json.code, 1)
  assert.equal(JSON.parse(json.out).ok, false)
})

test('upstreams check succeeds if all work', async t => {
  const { run } = await arrange(t)

  const { code, out, err } = await run('upstreams check')

  assert.deepEqual([code, err], [0, ''])
  assert.match(out, /^second +1 +yes +key accepted; lists 4 models$/m)
})
