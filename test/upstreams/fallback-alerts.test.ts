/** An upstream that refuses the gateway raises its alert, also if another upstream serves the call. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { message } from '../gateway.ts'
import { startRouted } from '../routed.ts'
import { until } from '../until.ts'

const names = ['first', 'second'] as const
const routes = [{ models: ['claude-haiku-*'], order: ['first', 'second'] }]

for (const second of ['ok', 'status 529'])
  test(`a refused key raises the alert of its upstream, if the next attempt ends with ${second}`, async t => {
    const { gateway, providers } = await startRouted(t, { names, routes })
    const key = await gateway.client({ name: 'frontend' })
    providers.first.use(() => 'status 401')
    providers.second.use(() => second)

    const { status } = await gateway.post('/v1/messages', key, message('hello'))

    assert.equal(status, second === 'ok' ? 200 : 529)
    const alerts = await until(async () => {
      const { body } = await gateway.admin('GET', '/alerts')
      const found = body.alerts as { details: { upstream?: string } }[]
      return found.length > 0 && found
    })
    assert.deepEqual(
      alerts.map(({ details }) => details.upstream),
      ['first'],
    )
  })
