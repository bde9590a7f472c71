import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimOn, createFixture, DAY, HOUR, MINUTE, NOON, SECOND } from './fixture.ts'

const SCOPES = [
  { key: 'client:1', day: 1000, month: 5000 },
  { key: 'gateway', day: 2000 },
]
const CLAIM = claimOn(SCOPES, { nanos: 300 })
const settlement = (id: string, nanos: number) => ({
  id,
  reservation: CLAIM,
  at: NOON,
  nanos,
  tokens: 0,
  entry: { outcome: 'ok' },
})
const nothing = { windows: [], calls: [] }

test('counters and the ledger’s last entry are read at the same time', async t => {
  const { admit, money, ledger, redis } = await createFixture(t)
  assert.deepEqual(await ledger.snapshot(['client:1']), { lastId: '0-0', windows: [] })
  await admit('a', CLAIM)
  await admit('b', CLAIM)
  await money.settle([settlement('a', 120)])
  const [last] = await redis.xrevrange('{tollgate}:ledger', '+', '-')

  const snapshot = await ledger.snapshot(['client:1', 'team:1', 'gateway'])

  const day = { window: 'd21000228', spentNanos: 120, heldNanos: 300 }
  assert.equal(snapshot.lastId, last?.[0])
  assert.deepEqual(
    snapshot.windows.sort((a, b) => (a.scope + a.window < b.scope + b.window ? -1 : 1)),
    [
      { scope: 'client:1', ...day },
      { scope: 'client:1', ...day, window: 'm210002' },
      { scope: 'gateway', ...day },
    ],
  )
})

test('the last entry is known after the stream has been drained', async t => {
  const { money, ledger, redis } = await createFixture(t)
  await money.settle([settlement('a', 120)])
  const { lastId } = await ledger.snapshot([])
  await redis.xtrim('{tollgate}:ledger', 'MAXLEN', 0)
  assert.equal((await ledger.snapshot([])).lastId, lastId)
})

test('every scope with counters is listed', async t => {
  const { admit, ledger } = await createFixture(t)
  const keys = Array.from({ length: 2500 }, (_, i) => `client:${i}`)
  await Promise.all(keys.map(key => admit(key, claimOn([{ key }]))))
  const listed = new Set((await Array.fromAsync(ledger.scopeKeys())).flat())
  assert.deepEqual([...listed].sort(), keys.sort())
})

test('a tombstone has no expiry until Postgres has the entry, and then an hour', async t => {
  const { money, ledger, redis, wait } = await createFixture(t)
  await money.settle([settlement('a', 120)])
  assert.equal(await redis.pexpiretime('{tollgate}:done:a'), -1)

  await ledger.forget([{ id: 'a', seq: '0' }])

  assert.equal(await redis.pexpiretime('{tollgate}:done:a'), NOON + HOUR)
  await wait(HOUR - 1)
  assert.equal((await money.settle([settlement('a', 120)]))[0]?.kind, 'already')
})

test('the tombstone of a lost call lives a week; that of a corrected call has no expiry until Postgres has the correction', async t => {
  const { admit, money, ledger, redis, wait } = await createFixture(t)
  await admit('a', CLAIM)
  for (let i = 0; i < 7; i++) {
    await money.sweep(1)
    await wait(5 * SECOND)
  }
  await ledger.forget([{ id: 'a', seq: 0 }])
  assert.equal(await redis.pexpiretime('{tollgate}:done:a'), NOON + 35 * SECOND + 7 * DAY)

  await money.settle([settlement('a', 120)])
  await ledger.forget([{ id: 'a', seq: 0 }])
  assert.equal(await redis.pexpiretime('{tollgate}:done:a'), -1, 'the first entry again, not the second')
  await ledger.forget([{ id: 'a', seq: 1 }])
  assert.equal(await redis.pexpiretime('{tollgate}:done:a'), NOON + 35 * SECOND + HOUR)
})

test('one replica restores an empty Redis, and no call is admitted or settled before', async t => {
  const { admit, money, ledger, redis, scope, wait } = await createFixture(t)
  await redis.del('{tollgate}:epoch', '{tollgate}:version')
  const windows = [
    { scope: 'client:1', window: 'd21000228', spentNanos: 700n },
    { scope: 'client:1', window: 'm210002', spentNanos: 4_000_000_000_000_001n },
    { scope: 'gateway', window: 'd21000228', spentNanos: 900 },
  ]
  assert.equal(await ledger.begin('one'), 'begun')
  assert.equal(await ledger.begin('two'), 'busy')
  // A replica renews a running call.
  await money.renew([{ id: 'running', reservation: CLAIM, at: NOON - SECOND }])
  assert.equal(await ledger.restore('two', nothing), 'lost')
  assert.equal(await ledger.restore('one', { windows: windows.slice(0, 2), calls: [] }), 'restored')
  assert.equal(await ledger.restore('one', { windows: windows.slice(0, 2), calls: [] }), 'restored')
  assert.deepEqual(await admit('b', CLAIM), { kind: 'rebuilding' })
  await assert.rejects(money.settle([settlement('settled', 5)]))

  assert.equal(
    await ledger.restore('one', { windows: windows.slice(2), calls: [{ id: 'settled', seq: 0 }] }, 4),
    'complete',
  )

  assert.deepEqual(await scope('client:1'), {
    running: '1',
    'd21000228:spent': '700',
    'd21000228:held': '300',
    'm210002:spent': '4000000000000001',
    'm210002:held': '300',
  })
  assert.deepEqual(await admit('b', CLAIM, { version: 3 }), { kind: 'stale', version: 4 })
  assert.equal((await admit('b', CLAIM, { version: 4 })).kind, 'refused', '700 spent, 300 held')
  assert.equal((await money.settle([settlement('settled', 5)]))[0]?.kind, 'already', 'Postgres has it')
  assert.equal(await ledger.begin('two'), 'complete')
  await wait(MINUTE)
  assert.equal(
    await ledger.restore('one', { windows, calls: [] }, 4),
    'complete',
    'too late to write anything',
  )
})

test('a call that was lost before Redis lost its data is corrected after the rebuild', async t => {
  const { money, ledger, redis, scope } = await createFixture(t)
  await redis.del('{tollgate}:epoch')
  await ledger.begin('one')
  // Its replica lives after all, and renews it before the ledger is read.
  await money.renew([{ id: 'a', reservation: CLAIM, at: NOON }])
  const windows = [{ scope: 'gateway', window: 'd21000228', spentNanos: 300 }]
  await ledger.restore('one', { windows, calls: [{ id: 'a', lost: { at: NOON, nanos: 300 } }] }, 1)

  assert.equal((await money.settle([settlement('a', 120)]))[0]?.kind, 'corrected')

  assert.deepEqual(await scope('gateway'), { 'd21000228:spent': '120' })
})

test('a call that was lost before Redis lost its data, and whose replica is dead, is charged once', async t => {
  const { money, ledger, redis, scope, wait } = await createFixture(t)
  await redis.del('{tollgate}:epoch')
  await ledger.begin('one')
  await money.renew([{ id: 'a', reservation: CLAIM, at: NOON }])
  const windows = [{ scope: 'gateway', window: 'd21000228', spentNanos: 300 }]
  await ledger.restore('one', { windows, calls: [{ id: 'a', lost: { at: NOON, nanos: 300 } }] }, 1)

  for (let i = 0; i < 10; i++) {
    await wait(5 * SECOND)
    assert.deepEqual(await money.sweep(10), [])
  }

  assert.deepEqual(await scope('gateway'), { 'd21000228:spent': '300' })
})

test('a late renewal of a call that ended before Redis lost its data leaves no hold', async t => {
  const { money, ledger, redis, scope } = await createFixture(t)
  await redis.del('{tollgate}:epoch')
  await ledger.begin('one')
  await money.renew([{ id: 'a', reservation: CLAIM, at: NOON }])
  const windows = [{ scope: 'gateway', window: 'd21000228', spentNanos: 120 }]
  await ledger.restore('one', { windows, calls: [{ id: 'a', seq: 0 }] }, 1)

  assert.equal((await money.settle([settlement('a', 120)]))[0]?.kind, 'already')

  assert.deepEqual(await scope('gateway'), { 'd21000228:spent': '120' })
})

test('sums are not restored while entries wait for Postgres', async t => {
  const { money, ledger, redis } = await createFixture(t)
  await money.settle([settlement('a', 120)])
  await redis.del('{tollgate}:epoch')
  await ledger.begin('one')
  assert.equal(await ledger.restore('one', nothing, 1), 'pending')
  await redis.xtrim('{tollgate}:ledger', 'MAXLEN', 0)
  assert.equal(await ledger.restore('one', nothing, 1), 'complete')
})

test('a replica that died during a rebuild loses its lock', async t => {
  const { ledger, redis, wait } = await createFixture(t)
  await redis.del('{tollgate}:epoch')
  await ledger.begin('one')
  await wait(MINUTE)
  assert.equal(await ledger.begin('two'), 'begun')
  assert.equal(await ledger.restore('one', nothing, 1), 'lost')
})

test('restored windows expire like other windows', async t => {
  const { ledger, redis } = await createFixture(t)
  await redis.del('{tollgate}:epoch')
  await ledger.begin('one')
  const windows = [
    { scope: 'client:1', window: 'd21000228', spentNanos: 5 },
    { scope: 'client:2', window: 'd21000201', spentNanos: 5 },
    { scope: 'client:3', window: 'd21000228', spentNanos: 0 },
  ]
  await ledger.restore('one', { windows, calls: [] }, 1)
  assert.equal(await redis.pexpiretime('{tollgate}:scope:client:1'), Date.UTC(2100, 2, 3))
  assert.equal(await redis.exists('{tollgate}:scope:client:2'), 0, 'too old to matter')
  assert.equal(await redis.exists('{tollgate}:scope:client:3'), 0, 'nothing is no counter')
})
