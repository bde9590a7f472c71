/** UPSTREAMS_FILE is read again when it changes. */

import assert from 'node:assert/strict'
import { rm } from 'node:fs/promises'
import { type TestContext, test } from 'node:test'
import { message } from '../gateway.ts'
import { entryOf, startRouted } from '../routed.ts'
import { until } from '../until.ts'

const names = ['first', 'second'] as const

async function arrange(t: TestContext) {
  const routed = await startRouted(t, {
    names,
    routes: [{ models: ['claude-*'], order: ['first'] }],
  })
  const key = await routed.gateway.client({ name: 'frontend', cache: { enabled: false } })
  const { providers } = routed
  const fileOf = (order: string[], more: object = {}) => ({
    upstreams: names.map(name => entryOf(name, providers[name])),
    routes: [{ models: ['claude-*'], order, ...more }],
  })
  const post = (model = 'claude-haiku-4-5') =>
    routed.gateway.post('/v1/messages', key, message('hello', { model }))
  const logged = (text: string) => until(() => routed.gateway.lines.find(({ msg }) => msg.includes(text)))
  return { ...routed, fileOf, post, logged }
}

test('after a change the next call uses the new routes, while a running one ends at its upstream', async t => {
  const { providers, write, fileOf, post, logged } = await arrange(t)
  providers.first.use(() => 'hold answer')
  const running = post()
  await until(() => providers.first.calls.length === 1)

  await write(fileOf(['second']))
  await logged('upstreams were read again')
  const next = await post()
  providers.first.release('answer')

  assert.equal(next.headers.get('x-tollgate-upstream'), 'second')
  assert.equal((await running).headers.get('x-tollgate-upstream'), 'first')
})

test('an upstream that is removed ends its running call', async t => {
  const { providers, write, fileOf, post, logged } = await arrange(t)
  providers.first.use(() => 'hold answer')
  const running = post()
  await until(() => providers.first.calls.length === 1)
  const { upstreams, routes } = fileOf(['second'])

  await write({ upstreams: upstreams.slice(1), routes })
  await logged('upstreams were read again')
  providers.first.release('answer')

  assert.equal((await running).status, 200)
})

for (const [what, break_] of [
  ['is no YAML', (write: (text: string) => Promise<void>) => write('upstreams: [')],
  ['vanishes', (_: unknown, file: string) => rm(file)],
  ['has a fault', (write: (text: object) => Promise<void>) => write({ upstreams: [] })],
] as const)
  test(`a file that ${what} changes nothing, and is reported`, async t => {
    const { gateway, write, file, post, logged } = await arrange(t)

    await break_(write, file)
    const line = await logged('UPSTREAMS_FILE is faulty')

    assert.match(String(line.fault), /^UPSTREAMS_FILE: .*expected/)
    assert.equal((await post()).status, 200)
    assert.equal(gateway.app.upstreams.fault, line.fault)
  })

test('after a fault is corrected the file is in force again', async t => {
  const { gateway, write, fileOf, post, logged } = await arrange(t)
  await write('no')
  await logged('UPSTREAMS_FILE is faulty')

  await write(fileOf(['second']))
  await logged('upstreams were read again')

  assert.equal((await post()).headers.get('x-tollgate-upstream'), 'second')
  assert.equal(gateway.app.upstreams.fault, undefined)
})

test('limits.concurrency counts calls that began before a reload', async t => {
  const { providers, write, fileOf, post, logged } = await arrange(t)
  const { upstreams, routes } = fileOf(['first'])
  const limited = (concurrency: number) => {
    const [first, second] = upstreams
    return { upstreams: [{ ...first, limits: { concurrency } }, second], routes }
  }
  providers.first.use(() => 'hold answer')
  const running = post()
  await until(() => providers.first.calls.length === 1)

  await write(limited(1))
  await logged('upstreams were read again')
  const refused = await post()

  assert.equal(refused.status, 529)
  providers.first.release('answer')
  assert.equal((await running).status, 200)
  assert.equal((await post()).status, 200)
})
