/** The ways in which limits and budgets are known to fail, each as a promise that it does not happen here. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimOn, createFixture, DAY, HOUR, MINUTE, NOON, SECOND } from './fixture.ts'

const entry = {}

test('fifty calls at once on a budget for one: one is granted', async t => {
  const { admit, scope } = await createFixture(t)
  const reservation = claimOn(
    [
      { key: 'client:1', day: 100 },
      { key: 'gateway', month: 100 },
    ],
    { nanos: 100 },
  )
  const admitted = await Promise.all(Array.from({ length: 50 }, (_, i) => admit(`${i}`, reservation)))
  assert.equal(admitted.filter(({ kind }) => kind === 'granted').length, 1)
  assert.equal((await scope('gateway'))['m210002:held'], '100')
})

test('repeated refusals do not lengthen the wait, and take nothing from other clients', async t => {
  const { admit, wait } = await createFixture(t)
  const reservation = claimOn(
    [
      { key: 'client:1', requests: { capacity: 1, per: 10 * SECOND } },
      { key: 'gateway', day: 100 },
    ],
    {
      nanos: 1,
    },
  )
  await admit('a', reservation)
  for (let i = 0; i < 100; i++) {
    await wait(99)
    assert.equal((await admit(`hammer ${i}`, reservation)).kind, 'refused')
  }
  await wait(100)
  assert.equal((await admit('b', reservation)).kind, 'granted')
})

test('a client cannot use its limit twice around the end of a minute', async t => {
  const { admit, setClock } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', requests: { capacity: 60, per: MINUTE } }])
  let granted = 0
  for (let i = 0; i < 240; i++) {
    // Two seconds, across the full minute.
    await setClock(NOON + MINUTE - SECOND + Math.floor(i * 8.4))
    if ((await admit(`${i}`, reservation)).kind === 'granted') granted += 1
  }
  assert.equal(granted, 62, 'the capacity, and what was refilled in two seconds')
})

test('a call is never granted with a hold below its highest cost', async t => {
  const { admit, scope } = await createFixture(t)
  const scopes = [{ key: 'client:1', day: 100 }]
  await admit('a', claimOn(scopes, { nanos: 99 }))
  const refused = await admit('b', claimOn(scopes, { nanos: 2 }))
  assert.equal(refused.kind, 'refused')
  assert.equal((await scope('client:1'))['d21000228:held'], '99')
})

test('a call that failed without a cost releases its whole hold', async t => {
  const { admit, money, scope, wait } = await createFixture(t)
  const reservation = claimOn(
    [{ key: 'client:1', day: 100, tokens: { capacity: 10, per: HOUR }, concurrency: 1 }],
    {
      nanos: 100,
      tokens: 10,
    },
  )
  for (let i = 0; i < 20; i++) {
    assert.equal((await admit(`${i}`, reservation)).kind, 'granted')
    await wait(1)
    await money.settle([{ id: `${i}`, reservation, at: NOON, nanos: 0, tokens: 0, entry }])
  }
  assert.deepEqual(await scope('client:1'), {})
})

test('a hundred thousand small costs add up to the nano-dollar', async t => {
  const { money, scope } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', month: Number.MAX_SAFE_INTEGER }])
  for (let batch = 0; batch < 10; batch++) {
    const calls = Array.from({ length: 1000 }, (_, i) => ({
      id: `${batch} ${i}`,
      reservation,
      at: NOON,
      nanos: 100_000_007,
      tokens: 0,
      entry,
    }))
    await money.settle(calls)
  }
  assert.equal((await scope('client:1'))['m210002:spent'], '1000000070000')
})

test('a day’s budget binds from the first admission of the day', async t => {
  const { admit, setClock } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', day: 100 }], { nanos: 60 })
  await admit('yesterday', reservation)
  await setClock(NOON + DAY)
  assert.equal((await admit('a', reservation)).kind, 'granted')
  assert.equal((await admit('b', reservation)).kind, 'refused')
})

test('a Redis that lost its data does not refill a budget', async t => {
  const { admit, redis, setClock } = await createFixture(t)
  await redis.flushdb()
  await setClock(NOON)
  const reservation = claimOn([{ key: 'client:1', day: 100 }], { nanos: 1 })
  assert.deepEqual(await admit('a', reservation), { kind: 'rebuilding' })
})

test('replicas that race to restore counters restore them once', async t => {
  const { ledger, redis, scope } = await createFixture(t)
  await redis.del('{tollgate}:epoch')
  const windows = [{ scope: 'client:1', window: 'm210002', spentNanos: 700 }]
  const replicas = ['one', 'two', 'three', 'four']
  const replies = await Promise.all(
    replicas.map(async token => [
      await ledger.begin(token),
      await ledger.restore(token, { windows, calls: [] }, 1),
    ]),
  )
  assert.deepEqual(replies.map(([begun]) => begun).sort(), ['begun', 'busy', 'busy', 'busy'])
  assert.equal((await scope('client:1'))['m210002:spent'], '700')
})

test('a refund goes to the window of the admission', async t => {
  const { admit, money, setClock } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', day: 100 }], { nanos: 100 })
  await admit('a', reservation)
  await setClock(NOON + DAY)
  await money.settle([{ id: 'a', reservation, at: NOON, nanos: 0, tokens: 0, entry }])
  const { states } = await money.state(reservation.scopes)
  assert.deepEqual(states[0]?.day, { limitNanos: 100, spentNanos: 0, heldNanos: 0 })
})

test('all keys of an admission are on one node of a cluster', async t => {
  const { admit, money, redis } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', day: 100, loop: { capacity: 1, per: HOUR } }], { nanos: 1 })
  await admit('a', reservation)
  await admit('b', reservation)
  await money.settle([{ id: 'a', reservation, at: NOON, nanos: 1, tokens: 0, entry }])
  await money.sweep(1)
  for (const key of await redis.keys('*')) assert.match(key, /^\{tollgate\}:/)
})
