import assert from 'node:assert/strict'
import { test } from 'node:test'
import { validateBucket } from '../../src/lua/bucket.ts'
import { claimOn, createFixture, DAY, HOUR, MINUTE, NOON, SECOND } from './fixture.ts'

test('the refill is exact, whatever the number of reads', async t => {
  const { admit, wait, money } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', requests: { capacity: 7, per: 10 * SECOND } }])
  for (let i = 0; i < 7; i++) await admit(`${i}`, reservation)
  let granted = 0
  for (let ms = 0; ms < 10_000; ms += 37) {
    await wait(37)
    if ((await admit(`at ${ms}`, reservation)).kind === 'granted') granted += 1
  }
  assert.equal(granted, 7)
  await wait(10 * SECOND)
  const { states } = await money.state(reservation.scopes)
  assert.deepEqual(states[0]?.requests, { limit: 7, remaining: 7, resetMs: 0 })
})

test('a bucket that never gets full keeps its fractions over thousands of calls', async t => {
  const { admit, wait, scope } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', requests: { capacity: 1000, per: 999_983 } }])
  for (let i = 0; i < 500; i++) {
    await admit(`${i}`, reservation)
    await wait(1)
  }
  await admit('last', reservation)
  // 501 taken, in 999,983rds of a unit; 1000 of those came back in each of 500 ms.
  assert.equal((await scope('client:1')).requests, `${501 * 999_983 - 500 * 1000} 1000 999983 ${NOON + 500}`)
})

test('usage above the estimate becomes debt, and no call is granted until the debt is paid', async t => {
  const { admit, money, wait } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', tokens: { capacity: 100, per: 10 * SECOND } }], {
    tokens: 10,
  })
  await admit('a', reservation)
  await money.settle([{ id: 'a', reservation, at: NOON, nanos: 0, tokens: 250, entry: {} }])

  const refused = await admit('b', reservation)
  assert.equal(refused.kind === 'refused' && refused.retryAfterMs, 16 * SECOND)
  await wait(16 * SECOND - 1)
  assert.equal((await admit('b', reservation)).kind, 'refused')
  await wait(1)
  assert.equal((await admit('b', reservation)).kind, 'granted')
})

test('the wait is shorter than the refill if running calls have reserved the missing tokens', async t => {
  const { admit, money, wait } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', tokens: { capacity: 100, per: HOUR } }], { tokens: 60 })
  await admit('a', reservation)

  const beside = await admit('b', reservation)
  await money.settle([{ id: 'a', reservation, at: NOON, nanos: 0, tokens: 60, entry: {} }])
  const after = await admit('b', reservation)

  assert.equal(beside.kind === 'refused' && beside.retryAfterMs, SECOND)
  assert.equal(after.kind === 'refused' && after.retryAfterMs, 12 * MINUTE)
  await wait(12 * MINUTE)
  assert.equal((await admit('b', reservation)).kind, 'granted')
})

test('the wait is the whole refill if running calls do not cover the debt', async t => {
  const { admit, money } = await createFixture(t)
  const under = (tokens: number) =>
    claimOn([{ key: 'client:1', tokens: { capacity: 100, per: HOUR } }], { tokens })
  await admit('a', under(10))
  await admit('b', under(20))
  await money.settle([{ id: 'a', reservation: under(10), at: NOON, nanos: 0, tokens: 150, entry: {} }])

  const refused = await admit('c', under(10))

  assert.equal(refused.kind === 'refused' && refused.retryAfterMs, 48 * MINUTE)
})

test('calls admitted by a version without counted reservations leave no reservation behind', async t => {
  const { admit, money, redis, scope } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', tokens: { capacity: 100, per: HOUR } }], { tokens: 10 })
  await admit('old', reservation)
  await redis.hdel('{tollgate}:scope:client:1', 'reserved')
  await admit('new', reservation)

  for (const id of ['old', 'new'])
    await money.settle([{ id, reservation, at: NOON, nanos: 0, tokens: 10, entry: {} }])

  assert.deepEqual(Object.keys(await scope('client:1')), ['tokens'])
})

test('returned units are limited by the capacity', async t => {
  const { admit, money, wait } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', tokens: { capacity: 100, per: 10 * SECOND } }], {
    tokens: 80,
  })
  await admit('a', reservation)
  await wait(6 * SECOND)
  await money.settle([{ id: 'a', reservation, at: NOON, nanos: 0, tokens: 0, entry: {} }])
  const { states } = await money.state(reservation.scopes)
  assert.deepEqual(states[0]?.tokens, { limit: 100, remaining: 100, resetMs: 0 })
})

test('a raised or lowered limit applies at once', async t => {
  const { admit } = await createFixture(t)
  const under = (capacity: number) => claimOn([{ key: 'client:1', requests: { capacity, per: HOUR } }])
  for (let i = 0; i < 10; i++) await admit(`${i}`, under(10))
  assert.equal((await admit('x', under(10))).kind, 'refused')

  assert.equal((await admit('x', under(11))).kind, 'granted')
  assert.equal((await admit('y', under(5))).kind, 'refused')
})

test('a changed rate rounds the deficit up to a whole unit', async t => {
  const { admit, wait, scope } = await createFixture(t)
  const under = (per: number) => claimOn([{ key: 'client:1', requests: { capacity: 10, per } }])
  await admit('a', under(10 * SECOND))
  await wait(1)
  await admit('b', under(9 * SECOND))
  // 0.999 missing became 1, and one more was taken.
  assert.equal((await scope('client:1')).requests, `1800 1 900 ${NOON + 1}`)
})

test('a full bucket and an idle scope use no memory', async t => {
  const { admit, money, redis, wait } = await createFixture(t)
  const reservation = claimOn(
    [
      {
        key: 'client:1',
        requests: { capacity: 100, per: HOUR },
        tokens: { capacity: 100, per: MINUTE },
        concurrency: 5,
      },
    ],
    { tokens: 100 },
  )
  await admit('a', reservation)
  assert.equal(await redis.pexpiretime('{tollgate}:scope:client:1'), -1, 'while a call runs it has no end')

  await wait(SECOND)
  await money.settle([{ id: 'a', reservation, at: NOON, nanos: 0, tokens: 100, entry: {} }])
  assert.equal(
    await redis.pexpiretime('{tollgate}:scope:client:1'),
    NOON + MINUTE,
    'the last bucket is full then',
  )
  await wait(MINUTE - SECOND - 1)
  assert.equal(await redis.exists('{tollgate}:scope:client:1'), 1)
  await wait(1)
  assert.equal(await redis.exists('{tollgate}:scope:client:1'), 0)
})

test('a clock that was set back refills nothing until it reaches the old time', async t => {
  const { admit, setClock } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', requests: { capacity: 1, per: SECOND } }])
  await admit('a', reservation)
  for (const [ms, kind] of [
    [NOON - DAY, 'refused'],
    [NOON - 1, 'refused'],
    [NOON + SECOND - 1, 'refused'],
    [NOON + SECOND, 'granted'],
  ] as const) {
    await setClock(ms)
    assert.equal((await admit('b', reservation)).kind, kind)
  }
})

test('a bucket that cannot be counted exactly is refused before use', () => {
  assert.equal(validateBucket({ capacity: 100, per: HOUR }), undefined)
  assert.equal(validateBucket({ capacity: 10_000_000_000, per: DAY }), undefined)
  assert.equal(validateBucket({ capacity: 999_983, per: 30 * DAY }), undefined)
  assert.match(validateBucket({ capacity: 99_999_999_977, per: DAY - 1 }) ?? '', /cannot be counted exactly/)
  for (const wrong of [0, -1, 0.5, Number.NaN, Number.POSITIVE_INFINITY]) {
    assert.match(validateBucket({ capacity: wrong, per: 1000 }) ?? '', /expected a whole number/)
    assert.match(validateBucket({ capacity: 1000, per: wrong }) ?? '', /expected a whole number/)
  }
})
