/** What is claimed is given back in every ending, also when the caller or the configuration goes in the middle of it. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectRedis } from '../../src/redis/connect.ts'
import { message, startGateway } from '../gateway.ts'
import { ownRedis } from '../servers.ts'
import { until } from '../until.ts'

test('a caller who leaves while Redis is asked is not served, and leaves no hold to renew', async t => {
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

test('the loop brake counts also a call that was decided a second time', async t => {
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
