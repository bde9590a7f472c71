import assert from 'node:assert/strict'
import { test } from 'node:test'
import { acknowledge, createGroup, readGroup } from '../../src/ledger/stream.ts'
import { ownRedis } from '../servers.ts'
import { claimOn, createFixture, HOUR, NOON, SECOND } from './fixture.ts'

test('a full Redis admits no call, but renews and settles running calls and writes their entries', async t => {
  const server = await ownRedis(t, { args: ['--maxmemory-policy', 'noeviction'] })
  const { admit, money, redis, wait, everything, scope, entries } = await createFixture(t, server.url)
  const reservation = claimOn([{ key: 'client:1', day: 1000, tokens: { capacity: 100, per: HOUR } }], {
    nanos: 300,
    tokens: 5,
  })
  await admit('a', reservation)
  await admit('b', reservation)
  await wait(SECOND)
  await redis.config('SET', 'maxmemory', '1')
  const before = await everything()

  await assert.rejects(admit('c', reservation), /OOM/)
  assert.deepEqual(await everything(), before)
  assert.deepEqual(await money.renew([{ id: 'b', reservation, at: NOON }]), [{ id: 'b', kind: 'renewed' }])
  assert.equal(Number(await redis.zscore('{tollgate}:leases', 'b')), NOON + 31 * SECOND)
  const settlement = { reservation, at: NOON, nanos: 120, tokens: 7, entry: {} }
  const settled = await money.settle([
    { id: 'a', ...settlement },
    { id: 'forgotten', ...settlement },
  ])

  assert.deepEqual(
    settled.map(({ kind }) => kind),
    ['settled', 'settled'],
  )
  assert.equal((await scope('client:1'))['d21000228:spent'], '240')
  assert.equal((await entries()).length, 2)
})

test('with a full Redis, dead calls are swept, entries leave the stream, and counters are restored', async t => {
  const server = await ownRedis(t, { args: ['--maxmemory-policy', 'noeviction'] })
  const { admit, ledger, money, redis, wait, entries } = await createFixture(t, server.url)
  await createGroup(redis)
  const reservation = claimOn([{ key: 'client:1', day: 1000 }], { nanos: 300 })
  await admit('a', reservation)
  await redis.mset('{tollgate}:cache:x', 'x'.repeat(100), '{tollgate}:cache:bytes', 100)
  await redis.zadd('{tollgate}:cache:index', NOON + HOUR, '{tollgate}:cache:x')
  await redis.hset('{tollgate}:cache:sizes', '{tollgate}:cache:x', 100)
  await redis.config('SET', 'maxmemory', '1')

  await money.sweep(100)
  for (let i = 0; i < 4; i++) {
    await redis.config('SET', 'maxmemory', '0')
    await wait(9 * SECOND)
    await redis.config('SET', 'maxmemory', '1')
    await money.sweep(100)
  }
  assert.deepEqual(
    (await entries()).map(({ id, nanos }) => [id, nanos]),
    [['a', '300']],
  )
  const read = await readGroup(redis, 'consumer', '>', 10)
  await ledger.forget([{ id: 'a', seq: 0 }])
  await acknowledge(redis, read)
  assert.equal(await redis.xlen('{tollgate}:ledger'), 0)
  assert.ok((await redis.pttl('{tollgate}:done:a')) > 0)

  const [, , evicted] = await redis.makeRoom('{tollgate}:', 10)
  assert.equal(evicted, 1)
  assert.equal(await redis.exists('{tollgate}:cache:x'), 0)
  assert.equal(await money.raiseVersion(7), 7)
  await redis.del('{tollgate}:epoch')
  assert.equal(await ledger.begin('one'), 'begun')
  const windows = [{ scope: 'client:1', window: 'd21000228', spentNanos: 300 }]
  assert.equal(await ledger.restore('one', { windows, calls: [] }, 7), 'complete')
  assert.deepEqual(await money.renew([{ id: 'b', reservation, at: NOON }]), [{ id: 'b', kind: 'remembered' }])
})
