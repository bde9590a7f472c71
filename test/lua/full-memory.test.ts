import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownRedis } from '../servers.ts'
import { claimOn, HOUR, makeBed, NOON, SECOND } from './bed.ts'

test('where Redis’s memory is full nothing is admitted, but what runs is renewed, settled and told to the ledger', async t => {
  const server = await ownRedis(t, { args: ['--maxmemory-policy', 'noeviction'] })
  const { admit, money, redis, wait, everything, scope, entries } = await makeBed(t, server.url)
  const claim = claimOn([{ key: 'client:1', day: 1000, tokens: { capacity: 100, per: HOUR } }], {
    nanos: 300,
    tokens: 5,
  })
  await admit('a', claim)
  await admit('b', claim)
  await wait(SECOND)
  await redis.config('SET', 'maxmemory', '1')
  const before = await everything()

  await assert.rejects(admit('c', claim), /OOM/)
  assert.deepEqual(await everything(), before)
  assert.deepEqual(await money.renew([{ id: 'b', claim, at: NOON }]), [{ id: 'b', kind: 'renewed' }])
  assert.equal(Number(await redis.zscore('{tollgate}:leases', 'b')), NOON + 31 * SECOND)
  const truth = { claim, at: NOON, nanos: 120, tokens: 7, entry: {} }
  const settled = await money.settle([
    { id: 'a', ...truth },
    { id: 'forgotten', ...truth },
  ])

  assert.deepEqual(
    settled.map(({ kind }) => kind),
    ['settled', 'settled'],
  )
  assert.equal((await scope('client:1'))['d21000228:spent'], '240')
  assert.equal((await entries()).length, 2)
})
