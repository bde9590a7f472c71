/** Every ending releases the reservation, also if the caller leaves or the configuration changes during admission. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectRedis } from '../../src/redis/connect.ts'
import { message, startGateway } from '../gateway.ts'
import { ownRedis } from '../servers.ts'
import { until } from '../until.ts'

test('a caller who leaves during admission is not served, and its reservation is released', async t => {
  const { url } = await ownRedis(t)
  const gateway = await startGateway(t, { redisUrl: url })
  const key = await gateway.client({ name: 'frontend', budget: { day: 5 } })
  await gateway.post('/v1/messages', key, message('warm'))
  const redis = connectRedis(url)
  await redis.call('CLIENT', 'PAUSE', '30000', 'WRITE')
  const caller = new AbortController()
  const call = gateway.post('/v1/messages', key, message('hello'), { signal: caller.signal })
  await until(async () => gateway.app.running.size === 1)

  caller.abort()

  await assert.rejects(call)
  await gateway.app.idle()
  await redis.call('CLIENT', 'UNPAUSE')
  redis.disconnect()
  await until(async () => (await gateway.state('frontend')).day?.heldUsd === 0)
  assert.equal(gateway.app.holds.size, 0)
  assert.equal(gateway.provider.calls.length, 1)
})

test('the loop limit also counts a call whose admission is repeated', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({
    name: 'frontend',
    cache: { enabled: false },
    loop: { identical: 1, per: '1h' },
  })
  const send = () => gateway.post('/v1/messages', key, message('hello'))
  assert.equal((await send()).status, 200)
  // Another replica knows a newer configuration.
  await gateway.app.money.raiseVersion(gateway.app.clients.version + 1)

  assert.equal((await send()).status, 429)
})
