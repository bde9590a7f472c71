/** The retry budget of a process, and a client whose budget has no room for a second attempt. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { message } from '../gateway.ts'
import { startRouted } from '../routed.ts'

test('calls without room for another attempt take no retry from other clients', async t => {
  const { gateway, providers } = await startRouted(t, {
    names: ['first', 'second'],
    upstreams: { first: { timeoutSeconds: 1 } },
    routes: [{ models: ['claude-*'], order: ['first', 'second'] }],
  })
  const tight = await Promise.all(
    ['a', 'b', 'c'].map(name => gateway.client({ name, budget: { day: 0.006 }, hold: 'ceiling' })),
  )
  const other = await gateway.client({ name: 'other' })
  providers.first.use(() => 'silent')
  const post = (key: string, i: number, model = 'claude-haiku-4-5') =>
    gateway.post('/v1/messages', key, message(`hello ${i}`, { model }))
  // Nine calls of a client fit. Each attempt is charged with all that it held, so none has room for a second one.
  const ends = tight.flatMap(key => Array.from({ length: 9 }, (_, i) => post(key, i)))
  for (const end of ends) assert.equal((await end).status, 504)
  assert.equal(providers.second.calls.length, 0)
  providers.first.use(() => 'status 503')

  // Another model, whose circuit is closed.
  const response = await post(other, 100, 'claude-opus-5-5')
  await response.text()

  assert.equal(response.headers.get('x-tollgate-upstream'), 'second')
})
