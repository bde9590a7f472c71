/** Extended holds: in all scopes or none, in the windows of the admission, once. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { UNLIMITED } from '../../src/lua/types.ts'
import { claimOn, createFixture, DAY, NOON, SECOND } from './fixture.ts'

const SCOPES = [
  { key: 'client:1', day: 1000, month: 5000 },
  { key: 'team:1', day: 400 },
  { key: 'gateway', day: UNLIMITED, month: UNLIMITED },
]
const CLAIM = claimOn(SCOPES, { nanos: 100 })
const ended = { at: NOON, tokens: 0, entry: { outcome: 'ok' } }

test('an extension raises the hold in every window of every scope', async t => {
  const fixture = await createFixture(t)
  await fixture.admit('a', CLAIM)

  const renewed = await fixture.money.renew([{ id: 'a', reservation: CLAIM, at: NOON, needs: 250 }])

  assert.deepEqual(renewed, [{ id: 'a', kind: 'renewed' }])
  for (const { key } of SCOPES) assert.equal((await fixture.scope(key))['d21000228:held'], '250')
  assert.equal((await fixture.scope('client:1'))['m210002:held'], '250')
})

test('a repeated or smaller extension changes nothing', async t => {
  const fixture = await createFixture(t)
  await fixture.admit('a', CLAIM)
  await fixture.money.renew([{ id: 'a', reservation: CLAIM, at: NOON, needs: 250 }])
  const before = await fixture.everything()

  await fixture.money.renew([{ id: 'a', reservation: CLAIM, at: NOON, needs: 250 }])
  await fixture.money.renew([{ id: 'a', reservation: CLAIM, at: NOON, needs: 120 }])
  await fixture.money.renew([{ id: 'a', reservation: CLAIM, at: NOON }])

  assert.deepEqual(await fixture.everything(), before)
})

test('an extension without room in one scope takes nothing in any scope, and renews the lease', async t => {
  const fixture = await createFixture(t)
  await fixture.admit('a', CLAIM)
  await fixture.wait(20 * SECOND)

  const renewed = await fixture.money.renew([{ id: 'a', reservation: CLAIM, at: NOON, needs: 401 }])

  assert.deepEqual(renewed, [
    {
      id: 'a',
      kind: 'no_room',
      scope: 'team:1',
      limit: 'day',
      limitNanos: 400,
      spentNanos: 0,
      heldNanos: 100,
    },
  ])
  for (const { key } of SCOPES) assert.equal((await fixture.scope(key))['d21000228:held'], '100')
  const lease = await fixture.redis.zscore('{tollgate}:leases', 'a')
  assert.equal(Number(lease), fixture.now() + 30 * SECOND)
})

test('a budget extends as many holds as it has room for', async t => {
  const fixture = await createFixture(t)
  const ids = ['a', 'b', 'c']
  for (const id of ids) await fixture.admit(id, CLAIM)

  const renewed = await fixture.money.renew(ids.map(id => ({ id, reservation: CLAIM, at: NOON, needs: 150 })))

  assert.deepEqual(
    renewed.map(({ kind }) => kind),
    ['renewed', 'renewed', 'no_room'],
  )
  assert.equal((await fixture.scope('team:1'))['d21000228:held'], '400')
})

test('an extension fits the limit of its own admission, because a changed limit holds from the next call on', async t => {
  const fixture = await createFixture(t)
  const before = claimOn([{ key: 'client:1', day: 100 }], { nanos: 40 })
  const after = claimOn([{ key: 'client:1', day: 250 }], { nanos: 40 })
  await fixture.admit('a', before)
  await fixture.admit('b', after)
  const a = { id: 'a', reservation: before, at: NOON }
  const b = { id: 'b', reservation: after, at: NOON }

  const first = await fixture.money.renew([
    { ...a, needs: 50 },
    { ...b, needs: 100 },
  ])
  const second = await fixture.money.renew([
    { ...b, needs: 110 },
    { ...a, needs: 60 },
  ])

  assert.deepEqual(
    [...first, ...second].map(({ kind }) => kind),
    ['renewed', 'renewed', 'renewed', 'no_room'],
  )
  assert.equal((await fixture.scope('client:1'))['d21000228:held'], '160')
})

test('an extension holds money in the windows of the admission on any day', async t => {
  const fixture = await createFixture(t)
  await fixture.setClock(NOON - DAY)
  await fixture.admit('a', CLAIM)
  await fixture.setClock(NOON)
  await fixture.admit('b', CLAIM)

  await fixture.money.renew([
    { id: 'a', reservation: CLAIM, at: NOON - DAY, needs: 200 },
    { id: 'b', reservation: CLAIM, at: NOON, needs: 300 },
  ])

  const counters = await fixture.scope('client:1')
  assert.deepEqual(
    [counters['d21000227:held'], counters['d21000228:held'], counters['m210002:held']],
    ['200', '300', '500'],
  )
})

test('a settlement releases the whole extended hold', async t => {
  const fixture = await createFixture(t)
  await fixture.admit('a', CLAIM)
  await fixture.money.renew([{ id: 'a', reservation: CLAIM, at: NOON, needs: 250 }])

  const [settled] = await fixture.money.settle([{ id: 'a', reservation: CLAIM, nanos: 240, ...ended }])

  assert.deepEqual(settled, { kind: 'settled', heldNanos: 250, chargedNanos: 240, overspendNanos: 0 })
  for (const { key } of SCOPES) {
    const { 'd21000228:held': held, 'd21000228:spent': spent } = await fixture.scope(key)
    assert.deepEqual([held, spent], [undefined, '240'])
  }
  assert.equal(await fixture.redis.exists('{tollgate}:grown'), 0)
})

test('a call of a dead replica is charged its extended hold', async t => {
  const fixture = await createFixture(t)
  for (let i = 0; i < 7; i++) {
    await fixture.money.sweep(1)
    await fixture.wait(5 * SECOND)
  }
  await fixture.admit('a', CLAIM)
  await fixture.money.renew([{ id: 'a', reservation: CLAIM, at: fixture.now(), needs: 250 }])
  const lost = []
  for (let i = 0; i < 7; i++) {
    await fixture.wait(5 * SECOND)
    lost.push(...(await fixture.money.sweep(1)))
  }

  assert.deepEqual(
    lost.map(({ id, nanos }) => [id, nanos]),
    [['a', 250]],
  )
  const { 'd21000228:held': held, 'd21000228:spent': spent } = await fixture.scope('gateway')
  assert.deepEqual([held, spent], [undefined, '250'])
})

test('a hold that Redis has lost is restored with its last amount', async t => {
  const fixture = await createFixture(t)
  await fixture.admit('a', CLAIM)
  await fixture.redis.del(
    '{tollgate}:holds',
    '{tollgate}:grown',
    '{tollgate}:leases',
    '{tollgate}:scope:client:1',
  )

  const grown = { ...CLAIM, nanos: 250 }
  const renewed = await fixture.money.renew([{ id: 'a', reservation: grown, at: NOON, needs: 300 }])

  assert.deepEqual(renewed, [{ id: 'a', kind: 'remembered' }])
  assert.equal((await fixture.scope('client:1'))['d21000228:held'], '250')
})

test('amounts above 10^15 are extended to the last nano-dollar', async t => {
  const fixture = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', day: 9_007_199_254_740_991 }], {
    nanos: 1_000_000_000_000_001,
  })
  await fixture.admit('a', reservation)

  await fixture.money.renew([{ id: 'a', reservation, at: NOON, needs: 4_000_000_000_000_003 }])

  assert.equal((await fixture.scope('client:1'))['d21000228:held'], '4000000000000003')
})
