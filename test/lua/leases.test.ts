import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ownRedis } from '../servers.ts'
import { claimOn, createFixture, DAY, type Fixture, MINUTE, NOON, SECOND } from './fixture.ts'

const LEASE = 30 * SECOND
const CLAIM = claimOn(
  [
    {
      key: 'client:1',
      concurrency: 2,
      requests: { capacity: 5, per: DAY },
      tokens: { capacity: 100, per: DAY },
      day: 1000,
    },
  ],
  { nanos: 300, tokens: 40, entry: { reqId: 'a', client: 'frontend', model: 'claude-haiku-4-5' } },
)
const ok = { outcome: 'ok' }

/** Sweeps regularly for a time, and returns the charges. */
async function watchFor({ wait, money }: Fixture, ms: number, meanwhile = async () => {}) {
  const lost: { id: string; nanos: number }[] = []
  for (let passed = 0; passed < ms; passed += 5 * SECOND) {
    await wait(5 * SECOND)
    await meanwhile()
    lost.push(...(await money.sweep(100)).map(({ id, nanos }) => ({ id, nanos })))
  }
  return lost
}

test('a running call of a live replica is never swept', async t => {
  const fixture = await createFixture(t)
  await fixture.admit('a', CLAIM)
  const renew = async () => {
    assert.deepEqual(await fixture.money.renew([{ id: 'a', reservation: CLAIM, at: NOON }]), [
      { id: 'a', kind: 'renewed' },
    ])
  }
  assert.deepEqual(await watchFor(fixture, 10 * MINUTE, renew), [])
})

test('the call of a dead replica is charged its whole hold when its lease has expired', async t => {
  const fixture = await createFixture(t)
  await watchFor(fixture, LEASE)
  await fixture.admit('a', CLAIM)
  const at = fixture.now()

  assert.deepEqual(await watchFor(fixture, LEASE - 5 * SECOND), [])
  assert.deepEqual(await watchFor(fixture, 5 * SECOND), [{ id: 'a', nanos: 300 }])

  const { running, ...counters } = await fixture.scope('client:1')
  assert.equal(running, undefined, 'its place is free again')
  assert.equal(counters['d21000228:spent'], '300')
  assert.equal(counters['d21000228:held'], undefined)
  const [entry, ...others] = await fixture.entries()
  assert.deepEqual(others, [])
  assert.deepEqual(
    { ...entry, data: JSON.parse(entry!.data) },
    {
      id: 'a',
      seq: '0',
      at: `${at}`,
      nanos: '300',
      held: '300',
      data: {
        reqId: 'a',
        client: 'frontend',
        model: 'claude-haiku-4-5',
        outcome: 'lost',
        estimated: true,
        estimate: 'the hold',
      },
    },
  )
})

test('a late settlement corrects the charge once, in the same windows', async t => {
  const fixture = await createFixture(t)
  await watchFor(fixture, LEASE)
  await fixture.admit('a', CLAIM)
  const at = fixture.now()
  await watchFor(fixture, LEASE)
  await fixture.setClock(NOON + DAY)
  const settlement = { id: 'a', reservation: CLAIM, at, nanos: 120, tokens: 10, entry: ok }

  const first = await fixture.money.settle([settlement])
  const second = await fixture.money.settle([settlement])

  assert.deepEqual(first, [{ kind: 'corrected', heldNanos: 300, chargedNanos: 120, overspendNanos: 0 }])
  assert.equal(second[0]?.kind, 'already')
  assert.equal((await fixture.scope('client:1'))['d21000228:spent'], '120')
  const [, correction, ...others] = await fixture.entries()
  assert.deepEqual(others, [])
  assert.deepEqual(correction, {
    id: 'a',
    seq: '1',
    at: `${at}`,
    nanos: '-180',
    held: '300',
    data: JSON.stringify(ok),
  })
})

test('a lost call that cost more than its hold is corrected upwards', async t => {
  const fixture = await createFixture(t)
  await watchFor(fixture, LEASE)
  await fixture.admit('a', CLAIM)
  await watchFor(fixture, LEASE)
  const [corrected] = await fixture.money.settle([
    { id: 'a', reservation: CLAIM, nanos: 450, tokens: 0, entry: ok },
  ])
  assert.equal(corrected?.overspendNanos, 150)
  assert.equal((await fixture.scope('client:1'))['d21000228:spent'], '450')
  assert.equal((await fixture.entries())[1]?.nanos, '150')
})

test('neither a renewal nor an admission restores a lost call', async t => {
  const fixture = await createFixture(t)
  await watchFor(fixture, LEASE)
  await fixture.admit('a', CLAIM)
  await watchFor(fixture, LEASE)
  const before = await fixture.everything()

  assert.deepEqual(await fixture.money.renew([{ id: 'a', reservation: CLAIM, at: NOON }]), [
    { id: 'a', kind: 'lost' },
  ])
  assert.deepEqual(await fixture.admit('a', CLAIM), { kind: 'settled' })
  assert.deepEqual(await fixture.everything(), before)
})

test('a hold that Redis has lost is restored in the windows of its admission', async t => {
  const fixture = await createFixture(t)
  await fixture.admit('a', CLAIM)
  const before = await fixture.scope('client:1')
  await fixture.redis.del('{tollgate}:scope:client:1', '{tollgate}:holds', '{tollgate}:leases')
  await fixture.setClock(NOON + DAY)

  const renewed = await fixture.money.renew([{ id: 'a', reservation: CLAIM, at: NOON }])

  assert.deepEqual(renewed, [{ id: 'a', kind: 'remembered' }])
  const written = (await fixture.scope('client:1')) satisfies Record<string, string>
  for (const field of ['running', 'd21000228:held']) assert.equal(written[field], before[field])
  assert.match(
    written.requests!,
    new RegExp(` ${NOON + DAY}$`),
    'the bucket was lost as well, so it is taken from again',
  )

  await fixture.money.settle([{ id: 'a', reservation: CLAIM, at: NOON, nanos: 5, tokens: 0, entry: ok }])
  assert.equal((await fixture.scope('client:1'))['d21000228:held'], undefined)
  assert.equal((await fixture.scope('client:1'))['d21000228:spent'], '5')
})

test('a renewal after the end of its call restores no hold', async t => {
  const fixture = await createFixture(t)
  await fixture.admit('a', CLAIM)
  await fixture.money.settle([{ id: 'a', reservation: CLAIM, at: NOON, nanos: 5, tokens: 0, entry: ok }])
  const before = await fixture.everything()
  assert.deepEqual(await fixture.money.renew([{ id: 'a', reservation: CLAIM, at: NOON }]), [
    { id: 'a', kind: 'settled' },
  ])
  assert.deepEqual(await fixture.everything(), before)
})

test('thousands of leases are renewed in a few steps, and lost holds are found', async t => {
  const fixture = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1' }])
  const running = Array.from({ length: 1200 }, (_, i) => ({ id: `call ${i}`, reservation, at: NOON }))
  await Promise.all(running.filter((_, i) => i % 10 > 0).map(({ id }) => fixture.admit(id, reservation)))

  const renewed = await fixture.money.renew(running)

  for (const [i, { id, kind }] of renewed.entries()) {
    assert.deepEqual([id, kind], [`call ${i}`, i % 10 > 0 ? 'renewed' : 'remembered'])
  }
  assert.equal((await fixture.scope('client:1')).running, '1200')
})

test('a sweep charges at most the given number of calls, in the order of their leases', async t => {
  const fixture = await createFixture(t)
  await watchFor(fixture, LEASE)
  for (const id of ['c', 'a', 'b']) {
    await fixture.admit(id, claimOn([{ key: 'client:1' }], { nanos: 1 }))
    await fixture.wait(1)
  }
  await watchFor(fixture, LEASE - 5 * SECOND)
  await fixture.wait(5 * SECOND)
  const swept = async () => (await fixture.money.sweep(2)).map(({ id }) => id)
  assert.deepEqual(await swept(), ['c', 'a'])
  assert.deepEqual(await swept(), ['b'])
})

test('after a gap without sweeps a lease does not expire before live replicas can renew it', async t => {
  const fixture = await createFixture(t)
  await watchFor(fixture, MINUTE)
  await fixture.admit('alive', CLAIM)
  await fixture.admit('dead', CLAIM)
  await fixture.wait(LEASE + SECOND)

  assert.deepEqual(await fixture.money.sweep(100), [])
  await fixture.money.renew([{ id: 'alive', reservation: CLAIM, at: NOON }])
  assert.deepEqual(await watchFor(fixture, LEASE - 5 * SECOND), [])
  await fixture.money.renew([{ id: 'alive', reservation: CLAIM, at: NOON }])
  assert.deepEqual(await watchFor(fixture, 5 * SECOND), [{ id: 'dead', nanos: 300 }])
})

test('no call is swept during the first lease after a start of Redis', async t => {
  const server = await ownRedis(t, { args: ['--appendfsync', 'always'] })
  const fixture = await createFixture(t, server.url)
  await watchFor(fixture, MINUTE)
  await fixture.admit('a', CLAIM)
  await watchFor(fixture, LEASE - 5 * SECOND)
  await server.restart()

  assert.deepEqual(await watchFor(fixture, LEASE), [], 'its lease is over, but Redis has just come up')
  assert.deepEqual(await watchFor(fixture, 5 * SECOND), [{ id: 'a', nanos: 300 }])
})

test('no call is swept while counters are incomplete, nor during the next lease', async t => {
  const fixture = await createFixture(t)
  await watchFor(fixture, MINUTE)
  await fixture.admit('a', CLAIM)
  await watchFor(fixture, LEASE - 5 * SECOND)
  await fixture.redis.del('{tollgate}:epoch')
  assert.deepEqual(await watchFor(fixture, 5 * SECOND), [])
  await fixture.redis.set('{tollgate}:epoch', 1)
  assert.deepEqual(await watchFor(fixture, LEASE), [])
  assert.deepEqual(await watchFor(fixture, 5 * SECOND), [{ id: 'a', nanos: 300 }])
})
