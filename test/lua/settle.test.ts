import assert from 'node:assert/strict'
import { test } from 'node:test'
import { claimOn, createFixture, DAY, HOUR, MINUTE, NOON, SECOND } from './fixture.ts'

const MIDNIGHT = NOON + 12 * HOUR
const entry = { outcome: 'ok', model: 'claude-haiku-4-5' }

test('a settlement releases the hold and charges the actual cost in every scope', async t => {
  const { admit, money, scope, redis } = await createFixture(t)
  const limits = { tokens: { capacity: 1000, per: 10 * SECOND }, concurrency: 5, day: 1000, month: 5000 }
  const reservation = claimOn(
    [
      { key: 'client:1', ...limits },
      { key: 'gateway', ...limits },
    ],
    { tokens: 400, nanos: 300 },
  )
  await admit('a', reservation)

  const settled = await money.settle([{ id: 'a', reservation, at: NOON, nanos: 120, tokens: 150, entry }])

  assert.deepEqual(settled, [{ kind: 'settled', heldNanos: 300, chargedNanos: 120, overspendNanos: 0 }])
  for (const key of ['client:1', 'gateway']) {
    assert.deepEqual(await scope(key), {
      tokens: `1500 1 10 ${NOON}`,
      'd21000228:spent': '120',
      'm210002:spent': '120',
    })
  }
  assert.deepEqual(await redis.keys('{tollgate}:holds'), [])
  assert.deepEqual(await redis.keys('{tollgate}:leases'), [])
})

test('the entry for the ledger is written with the charge', async t => {
  const { admit, money, entries, wait } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', day: 1000 }], { nanos: 300 })
  await admit('a', reservation)
  await wait(SECOND)
  await money.settle([{ id: 'a', reservation, at: NOON, nanos: 120, tokens: 0, entry }])
  assert.deepEqual(await entries(), [
    { id: 'a', seq: '0', at: `${NOON}`, nanos: '120', held: '300', data: JSON.stringify(entry) },
  ])
})

test('a settlement reports the budgets that its charge overspends', async t => {
  const fixture = await createFixture(t)
  const { admit, money, redis } = fixture
  const reservation = claimOn(
    [
      { key: 'client:1', name: 'client:web', day: 100, month: 1000 },
      { key: 'gateway', day: -1 },
    ],
    {
      nanos: 80,
    },
  )
  for (const remembered of [true, false]) {
    await fixture.begin()
    await admit('frozen', reservation)
    await redis.del(...(await redis.keys('{tollgate}:*')).filter(key => /scope|holds|leases/.test(key)))
    await admit('other', reservation)
    const [first] = await money.settle([{ id: 'other', reservation, at: NOON, nanos: 70, tokens: 0, entry }])
    assert.equal(first?.overspent, undefined)
    if (remembered) await money.renew([{ id: 'frozen', reservation, at: NOON }])

    const [second] = await money.settle([
      { id: 'frozen', reservation, at: NOON, nanos: 75, tokens: 0, entry },
    ])

    assert.deepEqual(second?.overspent, [
      {
        ...{ key: 'client:1', name: 'client:web', period: 'day', window: 'd21000228' },
        ...{ limitNanos: 100, spentNanos: 145 },
      },
    ])
  }
})

test('a refused call releases its hold, gets no entry, and its tombstone expires', async t => {
  const { admit, money, entries, scope, redis, wait } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', concurrency: 1, day: 1000 }], { nanos: 300 })
  await admit('answered late', reservation)
  const refused = { reservation, nanos: 0, tokens: 0, entry, isRefused: true }

  await money.settle([
    { id: 'answered late', ...refused },
    { id: 'never arrived', ...refused },
  ])

  assert.deepEqual(await entries(), [])
  assert.deepEqual(await scope('client:1'), {})
  assert.deepEqual(await admit('never arrived', reservation), { kind: 'settled' })
  const [again] = await money.settle([{ id: 'never arrived', ...refused }])
  assert.equal(again?.kind, 'already')
  await wait(HOUR + SECOND)
  assert.deepEqual(await redis.keys('{tollgate}:done:*'), [])
})

test('a refused call that was charged as lost is corrected', async t => {
  const { admit, money, entries, wait } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', day: 1000 }], { nanos: 300 })
  await admit('a', reservation)
  await money.sweep(10)
  for (let second = 0; second < 31; second++) {
    await wait(SECOND)
    await money.sweep(10)
  }

  await money.settle([{ id: 'a', reservation, nanos: 0, tokens: 0, entry, isRefused: true }])

  assert.deepEqual(
    (await entries()).map(({ seq, nanos }) => [seq, nanos]),
    [
      ['0', '300'],
      ['1', '-300'],
    ],
  )
})

test('a cost above the hold is charged, and stays as debt until the window ends', async t => {
  const { admit, money, setClock } = await createFixture(t)
  const scopes = [{ key: 'client:1', day: 100 }]
  const reservation = claimOn(scopes, { nanos: 90 })
  await admit('a', reservation)

  const [settled] = await money.settle([{ id: 'a', reservation, at: NOON, nanos: 250, tokens: 0, entry }])

  assert.equal(settled?.overspendNanos, 160)
  const refused = await admit('b', claimOn(scopes, { nanos: 1 }))
  assert.equal(refused.kind === 'refused' && refused.spentNanos, 250)
  await setClock(MIDNIGHT)
  assert.equal((await admit('b', claimOn(scopes, { nanos: 100 }))).kind, 'granted')
})

test('a cost above the hold is charged in all scopes, also if one has nothing left', async t => {
  const { admit, money, state } = await bedWithState(t)
  const reservation = claimOn([{ key: 'client:1', tokens: { capacity: 10, per: DAY }, day: 10 }], {
    tokens: 10,
    nanos: 10,
  })
  await admit('a', reservation)
  await money.settle([{ id: 'a', reservation, at: NOON, nanos: 15, tokens: 30, entry }])
  const [client] = await state(reservation)
  assert.equal(client?.day?.spentNanos, 15)
  assert.equal(client?.tokens?.resetMs, 3 * DAY, 'thirty tokens are owed')
})

test('a call over midnight is charged to the day of its start', async t => {
  const { admit, money, scope, setClock } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', day: 1000, month: 1000 }], { nanos: 300 })
  await setClock(MIDNIGHT - 1)
  await admit('a', reservation)
  await setClock(MIDNIGHT)
  assert.equal(
    (await admit('b', claimOn(reservation.scopes, { nanos: 1000 }))).kind,
    'granted',
    'the new day is untouched',
  )

  await money.settle([{ id: 'a', reservation, at: MIDNIGHT - 1, nanos: 120, tokens: 0, entry }])

  assert.deepEqual(await scope('client:1'), {
    running: '1',
    'd21000228:spent': '120',
    'm210002:spent': '120',
    'd21000301:held': '1000',
    'm210003:held': '1000',
  })
})

test('a repeated settlement charges nothing', async t => {
  const { admit, money, everything, entries } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', day: 1000 }], { nanos: 300 })
  await admit('a', reservation)
  const settlement = { id: 'a', reservation, at: NOON, nanos: 120, tokens: 0, entry }
  await money.settle([settlement])
  const before = await everything()

  const again = await money.settle([settlement, settlement])

  assert.deepEqual(
    again.map(({ kind }) => kind),
    ['already', 'already'],
  )
  assert.deepEqual(await everything(), before)
  assert.equal((await entries()).length, 1)
})

test('a settlement before its admission refuses the admission', async t => {
  const { admit, money, scope } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', day: 1000, requests: { capacity: 5, per: HOUR } }], {
    nanos: 300,
  })
  await money.settle([{ id: 'a', reservation, nanos: 0, tokens: 0, entry }])

  assert.deepEqual(await admit('a', reservation), { kind: 'settled' })
  assert.deepEqual(await scope('client:1'), {})
})

test('a settlement releases the hold of an admission without a reply, also after midnight', async t => {
  const { admit, money, scope, setClock } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', day: 1000, month: 1000 }], { nanos: 300 })
  await admit('a', reservation)
  await setClock(MIDNIGHT)
  await money.settle([{ id: 'a', reservation, nanos: 0, tokens: 0, entry }])
  assert.deepEqual(await scope('client:1'), {})
})

test('a settlement without a hold charges the whole cost in the windows of its admission', async t => {
  const { money, scope, setClock, entries } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', day: 1000, tokens: { capacity: 10, per: DAY } }], {
    nanos: 300,
    tokens: 5,
  })
  await setClock(MIDNIGHT + HOUR)

  await money.settle([{ id: 'a', reservation, at: NOON, nanos: 400, tokens: 3, entry }])

  assert.deepEqual(await scope('client:1'), {
    'd21000228:spent': '400',
    tokens: `${3 * (DAY / 10)} 1 ${DAY / 10} ${MIDNIGHT + HOUR}`,
  })
  assert.equal((await entries())[0]?.held, '300', 'it was granted, so it was held')
})

test('many settlements run in one step, independently of each other', async t => {
  const { admit, money, scope } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', day: 10_000 }], { nanos: 100 })
  const ids = Array.from({ length: 64 }, (_, i) => `call ${i}`)
  for (const id of ids.slice(0, 50)) await admit(id, reservation)
  await money.settle([{ id: ids[3]!, reservation, at: NOON, nanos: 7, tokens: 0, entry }])

  const settled = await money.settle(
    ids.map(id => ({ id, reservation, at: NOON, nanos: 7, tokens: 0, entry })),
  )

  assert.equal(settled.filter(({ kind }) => kind === 'settled').length, 63)
  assert.equal(settled[3]?.kind, 'already')
  assert.deepEqual(await scope('client:1'), { 'd21000228:spent': `${64 * 7}` })
})

test('a settlement that waits for a batch is sent before the next admission', async t => {
  const { admit, money } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', concurrency: 1 }])
  const settlement = (id: string) => ({ id, reservation, at: NOON, nanos: 0, tokens: 0, entry })
  await admit('a', reservation)

  const settled = ['another', 'a third', 'a'].map(id => money.settle([settlement(id)]))
  const admitted = await admit('b', reservation)

  assert.equal(admitted.kind, 'granted')
  await Promise.all(settled)
})

test('nano-dollars above 1e15 are exact', async t => {
  const { admit, money, scope, entries } = await createFixture(t)
  const limit = Number.MAX_SAFE_INTEGER
  const reservation = claimOn([{ key: 'gateway', day: limit, month: limit }], {
    nanos: 1_234_567_890_123_457,
  })
  await admit('a', reservation)
  await admit('b', reservation)
  assert.equal((await scope('gateway'))['d21000228:held'], '2469135780246914')

  await money.settle([{ id: 'a', reservation, at: NOON, nanos: 3_000_000_000_000_001, tokens: 0, entry }])
  await money.settle([{ id: 'b', reservation, at: NOON, nanos: 4_111_111_111_111_111, tokens: 0, entry }])

  assert.equal((await scope('gateway'))['m210002:spent'], '7111111111111112')
  assert.equal((await entries())[0]?.nanos, '3000000000000001')
  const refused = await admit('c', claimOn(reservation.scopes, { nanos: limit - 7_111_111_111_111_111 }))
  assert.equal(refused.kind === 'refused' && refused.spentNanos, 7_111_111_111_111_112)
  const granted = await admit('c', claimOn(reservation.scopes, { nanos: limit - 7_111_111_111_111_112 }))
  assert.equal(granted.kind, 'granted')
})

test('an invalid amount costs the hold, and does not block other settlements', async t => {
  const { admit, money, scope } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', day: 1000 }], { nanos: 100 })
  await admit('a', reservation)
  await admit('b', reservation)
  const [nonsense, fine] = await money.settle([
    { id: 'a', reservation, at: NOON, nanos: Number.NaN, tokens: -1, entry },
    { id: 'b', reservation, at: NOON, nanos: 5, tokens: 0, entry },
  ])
  assert.equal(nonsense?.chargedNanos, 100)
  assert.equal(fine?.chargedNanos, 5)
  assert.deepEqual(await scope('client:1'), { 'd21000228:spent': '105' })
})

test('settlements wait while counters are incomplete', async t => {
  const { money, redis, everything } = await createFixture(t)
  await redis.del('{tollgate}:epoch')
  const before = await everything()
  const reservation = claimOn([{ key: 'client:1', day: 1000 }], { nanos: 100 })
  await assert.rejects(
    money.settle([{ id: 'a', reservation, at: NOON, nanos: 5, tokens: 0, entry }]),
    /being restored/,
  )
  assert.deepEqual(await everything(), before)
})

test('a limit that changes during a call does not change the released amounts', async t => {
  const { admit, money, state } = await bedWithState(t)
  const then = claimOn([{ key: 'client:1', tokens: { capacity: 100, per: DAY }, day: 100 }], {
    tokens: 80,
    nanos: 80,
  })
  const now = claimOn([{ key: 'client:1', tokens: { capacity: 1000, per: DAY }, day: 50 }], {
    tokens: 10,
    nanos: 10,
  })
  await admit('a', then)
  assert.equal((await admit('b', now)).kind, 'refused', 'the new budget holds')

  await money.settle([{ id: 'a', reservation: then, at: NOON, nanos: 30, tokens: 20, entry }])

  const [client] = await state(now)
  assert.equal(client?.tokens?.remaining, 980)
  assert.deepEqual(client?.day, { limitNanos: 50, spentNanos: 30, heldNanos: 0 })
})

test('counters of a window expire two days after its end', async t => {
  const { admit, money, scope, setClock } = await createFixture(t)
  const reservation = claimOn([{ key: 'gateway', day: 1000 }], { nanos: 10 })
  const use = async (id: string, at: number) => {
    await setClock(at)
    await admit(id, reservation)
    await money.settle([{ id, reservation, at, nanos: 10, tokens: 0, entry }])
  }
  await use('a', NOON)
  await admit('runs on', claimOn([{ key: 'gateway' }]))
  await use('b', NOON + DAY)
  await use('c', NOON + 2 * DAY)
  assert.deepEqual(Object.keys(await scope('gateway')).sort(), [
    'd21000228:spent',
    'd21000301:spent',
    'd21000302:spent',
    'running',
  ])
  await use('d', NOON + 3 * DAY)
  assert.deepEqual(Object.keys(await scope('gateway')).sort(), [
    'd21000301:spent',
    'd21000302:spent',
    'd21000303:spent',
    'running',
  ])
})

test('a scope with a budget expires with its windows', async t => {
  const { admit, money, redis, setClock } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', day: 1000, month: 1000 }], { nanos: 10 })
  await admit('a', reservation)
  await money.settle([{ id: 'a', reservation, at: NOON, nanos: 10, tokens: 0, entry }])
  assert.equal(await redis.pexpiretime('{tollgate}:scope:client:1'), MIDNIGHT + 2 * DAY)
  await setClock(MIDNIGHT + 2 * DAY + MINUTE)
  assert.deepEqual(await redis.keys('{tollgate}:scope:*'), [])
})

async function bedWithState(t: Parameters<typeof createFixture>[0]) {
  const fixture = await createFixture(t)
  const state = async ({ scopes }: ReturnType<typeof claimOn>) => (await fixture.money.state(scopes)).states
  return { ...fixture, state }
}

test('if the usage is unknown, the reserved tokens count as used', async t => {
  const { admit, money, scope } = await createFixture(t)
  const tokens = (capacity: number) => ({ tokens: { capacity, per: 10 * SECOND } })
  const reservation = claimOn(
    [
      { key: 'client:1', ...tokens(1000) },
      { key: 'gateway', ...tokens(50_000) },
    ],
    { tokens: 9000 },
  )
  await admit('a', reservation)

  await money.settle([{ id: 'a', reservation, at: NOON, nanos: 0, tokens: undefined, entry }])
  await money.settle([{ id: 'forgotten', reservation, at: NOON, nanos: 0, tokens: undefined, entry }])

  assert.deepEqual(await scope('client:1'), { tokens: `20000 1 10 ${NOON}` }, 'missing: twice its capacity')
  assert.deepEqual(await scope('gateway'), { tokens: `18000 5 1 ${NOON}` }, 'missing: twice the reservation')
})
