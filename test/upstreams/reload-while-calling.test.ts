/** A change of UPSTREAMS_FILE while calls have not reached their upstream yet, and a fault in it. */

import assert from 'node:assert/strict'
import { rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { test } from 'node:test'
import { message } from '../gateway.ts'
import { entryOf, type Routed, startRouted } from '../routed.ts'
import { until } from '../until.ts'
import { temporaryFolder } from '../when-over.ts'

const names = ['first', 'second'] as const
const routes = [{ models: ['claude-haiku-*'], order: ['first', 'second'] }]

/** Writes the file with another header for each upstream, as for any small change of an upstream, and waits until it is read. */
async function change({ gateway, providers, write }: Routed<(typeof names)[number]>) {
  await write({
    upstreams: names.map(name => ({ ...entryOf(name, providers[name]), headers: { 'x-changed': 'yes' } })),
    routes,
  })
  await until(() => gateway.lines.some(({ msg }) => msg === 'upstreams were read again'))
}

test('a call whose first attempt runs during a change is still served by the next target', async t => {
  const routed = await startRouted(t, { names, routes })
  const { gateway, providers, seen } = routed
  const key = await gateway.client({ name: 'frontend' })
  providers.first.use(() => 'hold failure, status 503')
  const running = gateway.post('/v1/messages', key, message('hello'))
  await until(() => providers.first.calls.length === 1)

  await change(routed)
  providers.first.release('failure')
  const response = await running

  assert.equal(response.status, 200, await response.text())
  assert.deepEqual(seen(), { first: 1, second: 1 })
})

test('a call that waits in the gateway during a change is served', async t => {
  const routed = await startRouted(t, { names, routes })
  const { gateway, providers } = routed
  const key = await gateway.client({ name: 'frontend', limits: { concurrency: 1, maxWaitMs: 10_000 } })
  providers.first.next('hold answer')
  const running = gateway.post('/v1/messages', key, message('one'))
  await until(() => providers.first.calls.length === 1)
  const waiting = gateway.post('/v1/messages', key, message('two'))

  await change(routed)
  providers.first.release('answer')
  const response = await waiting

  assert.equal((await running).status, 200)
  assert.equal(response.status, 200, await response.text())
})

test('a fault in a changed file raises an alert', async t => {
  const { gateway, write } = await startRouted(t, { names, routes })
  await write('upstreams: [')
  await until(() => gateway.lines.some(({ msg }) => msg.startsWith('UPSTREAMS_FILE is faulty')))

  const found = await alertsAfterAWhile(gateway)

  assert.equal(found.length, 1)
})

test('a key file of an upstream that vanishes raises an alert', async t => {
  const file = join(await temporaryFolder(t), 'key')
  await writeFile(file, 'key-of-first')
  const { gateway } = await startRouted(t, { names, routes, upstreams: { first: { keys: [{ file }] } } })
  await rm(file)
  await until(() => gateway.lines.some(({ msg }) => msg.startsWith('UPSTREAMS_FILE is faulty')))

  const found = await alertsAfterAWhile(gateway)

  assert.equal(found.length, 1)
})

async function alertsAfterAWhile({ admin }: Routed<(typeof names)[number]>['gateway']): Promise<unknown[]> {
  const deadline = performance.now() + 5000
  for (;;) {
    const { body } = await admin('GET', '/alerts')
    const alerts = Array.isArray(body.alerts) ? body.alerts : []
    if (alerts.length > 0 || performance.now() > deadline) return alerts
    await new Promise(resolve => setTimeout(resolve, 200))
  }
}
