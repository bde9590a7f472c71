import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Admitted } from '../../src/lua/types.ts'
import { UNLIMITED } from '../../src/lua/types.ts'
import { claimOn, createFixture, DAY, HOUR, MINUTE, NOON, SECOND } from './fixture.ts'

const LIMITS = {
  requests: { capacity: 100, per: HOUR },
  tokens: { capacity: 200_000, per: MINUTE },
  concurrency: 20,
  day: 5_000_000_000,
  month: 100_000_000_000,
}
const SCOPES = ['client:1', 'team:1', 'gateway'].map(key => ({ key, ...LIMITS }))

/** The scopes as the call found them are tested where they matter. */
function withoutStates(admitted: Admitted) {
  const { states, ...rest } = { states: undefined, ...admitted }
  return rest
}

test('a call that fits everywhere takes from every scope at once', async t => {
  const { admit, money, scope } = await createFixture(t)

  const admitted = await admit('a', claimOn(SCOPES, { tokens: 5000, nanos: 12_345_678 }))

  const state = {
    running: 1,
    concurrency: 20,
    requests: { limit: 100, remaining: 99, resetMs: 36_000 },
    tokens: { limit: 200_000, remaining: 195_000, resetMs: 1500 },
    day: { limitNanos: 5_000_000_000, spentNanos: 0, heldNanos: 12_345_678 },
    month: { limitNanos: 100_000_000_000, spentNanos: 0, heldNanos: 12_345_678 },
  }
  const states = SCOPES.map(({ key }) => ({ key, name: key, ...state }))
  assert.deepEqual(admitted, { kind: 'granted', at: NOON, states: states.slice(0, 1) })
  assert.deepEqual((await money.state(SCOPES.map(scope => ({ name: scope.key, ...scope })))).states, states)
  for (const { key } of SCOPES) {
    assert.deepEqual(await scope(key), {
      running: '1',
      requests: `36000 1 36000 ${NOON}`,
      tokens: `15000 10 3 ${NOON}`,
      reserved: `5000 1 1 ${NOON}`,
      'd21000228:held': '12345678',
      'm210002:held': '12345678',
    })
  }
})

test('a call that one scope refuses takes nothing from other scopes', async t => {
  const { admit, everything } = await createFixture(t)
  await admit('a', claimOn(SCOPES, { nanos: 1 }))
  const before = await everything()

  const [client, team] = SCOPES
  const refused = await admit(
    'b',
    claimOn([client!, team!, { key: 'gateway', concurrency: 1 }], { nanos: 1 }),
  )

  assert.equal(refused.kind, 'refused')
  assert.deepEqual(await everything(), before)
})

test('a refusal has the limit that refused and the usage of every scope', async t => {
  const { admit } = await createFixture(t)
  const scopes = [
    { key: 'client:1', name: 'client:frontend' },
    { key: 'team:1', name: 'team:web', concurrency: 1 },
  ]
  await admit('a', claimOn(scopes))

  const refused = await admit('b', claimOn(scopes))

  assert.deepEqual(refused, {
    kind: 'refused',
    at: NOON,
    scope: 'team:web',
    limit: 'concurrency',
    retryAfterMs: 1000,
    states: [
      { key: 'client:1', name: 'client:frontend', running: 1 },
      { key: 'team:1', name: 'team:web', running: 1, concurrency: 1 },
    ],
  })
})

test('the wait of a bucket is exact to the millisecond', async t => {
  const { admit, wait } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', requests: { capacity: 3, per: 10 * SECOND } }])
  for (const id of ['a', 'b', 'c']) await admit(id, reservation)
  const refused = await admit('d', reservation)
  assert.deepEqual(withoutStates(refused), {
    kind: 'refused',
    at: NOON,
    scope: 'client:1',
    limit: 'requests',
    retryAfterMs: 3334,
  })

  await wait(3333)
  assert.equal((await admit('d', reservation)).kind, 'refused')
  await wait(1)
  assert.equal((await admit('d', reservation)).kind, 'granted')
})

test('of several refusals the reply has the one that lasts longest', async t => {
  const { admit, money, setClock } = await createFixture(t)
  await setClock(NOON - 9 * DAY)
  const slow = { key: 'slow', requests: { capacity: 1, per: HOUR } }
  const fast = { key: 'fast', requests: { capacity: 1, per: 10 * SECOND } }
  const busy = { key: 'busy', concurrency: 1, day: 10 }
  const today = { key: 'today', day: 10 }
  const thisMonth = { key: 'this month', month: 10 }
  const poor = { key: 'poor', day: 6 }
  const poorer = { key: 'poorer', day: 5 }
  const refusedBy = async (...scopes: Parameters<typeof claimOn>[0]) => {
    const admitted = await admit('refused', claimOn(scopes, { nanos: 7 }))
    assert.equal(admitted.kind, 'refused')
    return [admitted.scope, admitted.limit, admitted.verdict]
  }
  const spending = claimOn([today, thisMonth], { nanos: 4 })
  await admit('ended', spending)
  await money.settle([{ id: 'ended', reservation: spending, at: NOON, nanos: 4, tokens: 0, entry: {} }])
  await admit('running', claimOn([slow, fast, busy], { nanos: 4 }))

  assert.deepEqual(await refusedBy(busy), ['busy', 'day', 'in_flight'])
  assert.deepEqual(await refusedBy(fast, slow), ['slow', 'requests', undefined], 'the longest wait')
  assert.deepEqual(await refusedBy(slow, busy), ['slow', 'requests', undefined])
  assert.deepEqual(await refusedBy(slow, today), ['today', 'day', 'spent'], 'no wait of this day helps')
  assert.deepEqual(await refusedBy(today, thisMonth), ['this month', 'month', 'spent'])
  assert.deepEqual(await refusedBy(thisMonth, poor), ['poor', 'day', 'can_never_fit'], 'nor of any other')
  assert.deepEqual(await refusedBy(poor, poorer, thisMonth), ['poorer', 'day', 'can_never_fit'])
})

test('a refusal distinguishes spent, in flight and can never fit', async t => {
  const { admit, money } = await createFixture(t)
  const scopes = [{ key: 'client:1', day: 100, month: 1000 }]
  const cost = (nanos: number) => claimOn(scopes, { nanos })
  await admit('a', cost(30))
  await money.settle([{ id: 'a', reservation: cost(30), at: NOON, nanos: 25, tokens: 0, entry: {} }])
  await admit('running', cost(60))

  const numbers = { limitNanos: 100, spentNanos: 25, heldNanos: 60, resetsAt: Date.UTC(2100, 2, 1) }
  const day = { kind: 'refused', at: NOON, scope: 'client:1', limit: 'day', ...numbers }
  const neverFits = await admit('b', cost(101))
  const inFlight = await admit('b', cost(75))
  const spent = await admit('b', cost(76))
  const fits = await admit('b', cost(15))

  assert.deepEqual(withoutStates(neverFits), { ...day, verdict: 'can_never_fit' })
  assert.deepEqual(withoutStates(inFlight), { ...day, verdict: 'in_flight', retryAfterMs: 2000 })
  assert.deepEqual(withoutStates(spent), { ...day, verdict: 'spent' })
  assert.equal(fits.kind, 'granted')
})

test('a budget can be used to its last nano-dollar', async t => {
  const { admit } = await createFixture(t)
  const scopes = [{ key: 'client:1', day: 100, month: 100 }]
  assert.equal((await admit('a', claimOn(scopes, { nanos: 99 }))).kind, 'granted')
  assert.equal((await admit('b', claimOn(scopes, { nanos: 2 }))).kind, 'refused')
  assert.equal((await admit('c', claimOn(scopes, { nanos: 1 }))).kind, 'granted')
})

test('a spent budget does not refuse a free call, nor an empty bucket a call without tokens', async t => {
  const { admit, money } = await createFixture(t)
  const scopes = [{ key: 'client:1', day: 10, tokens: { capacity: 10, per: DAY } }]
  const expensive = claimOn(scopes, { nanos: 10, tokens: 10 })
  await admit('a', expensive)
  await money.settle([{ id: 'a', reservation: expensive, at: NOON, nanos: 11, tokens: 20, entry: {} }])
  assert.equal((await admit('b', claimOn(scopes))).kind, 'granted')
})

test('a reservation of more tokens than the bucket holds waits until it is full, and takes all of it', async t => {
  const { admit, wait, scope } = await createFixture(t)
  const scopes = [{ key: 'client:1', tokens: { capacity: 100, per: 10 * SECOND } }]
  await admit('a', claimOn(scopes, { tokens: 1 }))
  const large = claimOn(scopes, { tokens: 5000 })

  const refused = await admit('b', large)
  assert.equal(refused.kind === 'refused' && refused.retryAfterMs, 100)
  await wait(100)
  assert.equal((await admit('b', large)).kind, 'granted')
  assert.equal((await scope('client:1')).tokens, `10000 1 100 ${NOON + 100}`)
})

test('a repeated admission after a lost reply grants once', async t => {
  const { admit, everything, wait } = await createFixture(t)
  const reservation = claimOn(SCOPES, { tokens: 10, nanos: 10 })
  const first = await admit('a', reservation)
  const before = await everything()

  const second = await admit('a', reservation)

  assert.deepEqual(second, first)
  assert.deepEqual(await everything(), before)
  await wait(MINUTE)
  const later = await admit('a', reservation)
  assert.equal(later.kind === 'granted' && later.at, NOON, 'it stays admitted when it was admitted')
})

test('a token count takes one of the counts and no request; the gateway can take a count too', async t => {
  const { admit, money, scope, wait } = await createFixture(t)
  const counts = { key: 'count:1', name: 'client:agent', count_tokens: { capacity: 60, per: MINUTE } }
  const scopes = [{ key: 'client:1', requests: { capacity: 1, per: HOUR } }, counts]
  const count = (id: number) => admit(`count ${id}`, claimOn(scopes, { requests: 0 }))
  for (let i = 0; i < 59; i++) assert.equal((await count(i)).kind, 'granted')
  assert.equal(await money.chargeCount(counts), 0)

  const refused = await count(60)

  assert.deepEqual(withoutStates(refused), {
    kind: 'refused',
    at: NOON,
    scope: 'client:agent',
    limit: 'count_tokens',
    retryAfterMs: SECOND,
  })
  assert.equal(await money.chargeCount(counts), SECOND)
  assert.deepEqual(await scope('client:1'), { running: '59' })
  assert.equal((await admit('a call', claimOn(scopes.slice(0, 1)))).kind, 'granted')
  await wait(SECOND)
  assert.equal(await money.chargeCount(counts), 0)
})

test('repeats of the same request are refused as a loop, and other requests are not', async t => {
  const { admit, redis } = await createFixture(t)
  const brake = (digest: string) => [
    { key: 'client:1' },
    { key: `loop:1:${digest}`, name: 'client:frontend', loop: { capacity: 2, per: MINUTE } },
  ]
  await admit('a', claimOn(brake('x')))
  await admit('b', claimOn(brake('x')))

  const refused = await admit('c', claimOn(brake('x')))
  const other = await admit('d', claimOn(brake('y')))

  assert.deepEqual(withoutStates(refused), {
    kind: 'refused',
    at: NOON,
    scope: 'client:frontend',
    limit: 'loop',
    retryAfterMs: 30_000,
  })
  assert.equal(other.kind, 'granted')
  assert.equal(
    await redis.pexpiretime('{tollgate}:scope:loop:1:y'),
    NOON + 30_000,
    'and is forgotten when full again',
  )
})

test('money without a limit is counted and refuses nothing', async t => {
  const { admit, scope } = await createFixture(t)
  const reservation = claimOn([{ key: 'client:1', day: UNLIMITED, month: UNLIMITED }], { nanos: 4e15 })

  for (const id of ['a', 'b']) assert.equal((await admit(id, reservation)).kind, 'granted')

  const { 'd21000228:held': held } = await scope('client:1')
  assert.equal(held, '8000000000000000')
})

test('a hit takes a request, but no tokens, no money and no concurrency', async t => {
  const { admit, redis, scope } = await createFixture(t)
  await redis.set('{tollgate}:cache:x', 'a response')
  const scopes = [{ key: 'client:1', ...LIMITS, concurrency: 0, day: 0 }]
  const reservation = claimOn(scopes, { tokens: 1_000_000, nanos: 5 })

  const hit = await admit('a', reservation, { cacheKey: '{tollgate}:cache:x' })
  const miss = await admit('b', reservation, { cacheKey: '{tollgate}:cache:y' })

  assert.equal(hit.kind, 'hit')
  assert.equal(miss.kind, 'refused')
  assert.deepEqual(await scope('client:1'), { requests: `36000 1 36000 ${NOON}` })
  assert.equal(await redis.exists('{tollgate}:holds'), 0)
})

test('a hit is refused if no requests are left', async t => {
  const { admit, redis } = await createFixture(t)
  await redis.set('{tollgate}:cache:x', 'a response')
  const reservation = claimOn([{ key: 'client:1', requests: { capacity: 1, per: HOUR } }])
  await admit('a', reservation)
  const hit = await admit('b', reservation, { cacheKey: '{tollgate}:cache:x' })
  assert.equal(hit.kind === 'refused' && hit.limit, 'requests')
})

test('repeated hits are refused as a loop', async t => {
  const { admit, redis } = await createFixture(t)
  await redis.set('{tollgate}:cache:x', 'a response')
  const reservation = claimOn([{ key: 'client:1' }, { key: 'loop:1:x', loop: { capacity: 1, per: HOUR } }])
  const cacheKey = '{tollgate}:cache:x'

  assert.equal((await admit('a', reservation, { cacheKey })).kind, 'hit')
  const again = await admit('b', reservation, { cacheKey })

  assert.equal(again.kind === 'refused' && again.limit, 'loop')
})

test('an admission with an old configuration version is stale', async t => {
  const { admit, money, everything } = await createFixture(t)
  assert.equal(await money.raiseVersion(7), 7)
  assert.equal(await money.raiseVersion(6), 7, 'it is never lowered')
  const before = await everything()

  assert.deepEqual(await admit('a', claimOn([{ key: 'client:1' }]), { version: 6 }), {
    kind: 'stale',
    version: 7,
  })
  assert.deepEqual(await everything(), before)
  assert.equal((await admit('a', claimOn([{ key: 'client:1' }]), { version: 7 })).kind, 'granted')
})

test('an admission with a newer configuration version stores it for the other replicas', async t => {
  const { admit } = await createFixture(t)
  await admit('a', claimOn([{ key: 'client:1' }]), { version: 9 })
  assert.deepEqual(await admit('b', claimOn([{ key: 'client:1' }]), { version: 8 }), {
    kind: 'stale',
    version: 9,
  })
})

test('no call is admitted while counters are incomplete or too many entries wait for Postgres', async t => {
  const { admit, money, redis, everything } = await createFixture(t)
  const reservation = claimOn(SCOPES)
  await money.settle([{ id: 'x', reservation: claimOn([]), nanos: 0, tokens: 0, entry: {} }])
  const before = await everything()
  assert.deepEqual(await admit('a', reservation, { maxPending: 1 }), { kind: 'ledger_full' })
  assert.deepEqual(await everything(), before)

  await redis.del('{tollgate}:epoch')
  assert.deepEqual(await admit('a', reservation), { kind: 'rebuilding' })
})

test('a reservation with an amount that is not an integer is refused before it is sent', async t => {
  const { admit } = await createFixture(t)
  for (const nanos of [0.5, -1, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 53]) {
    await assert.rejects(admit('a', claimOn(SCOPES, { nanos })), /expected whole numbers/)
  }
})

test('a read of a scope’s usage changes nothing', async t => {
  const { admit, money, everything, wait } = await createFixture(t)
  const reservation = claimOn(SCOPES, { tokens: 5000, nanos: 5 })
  await admit('a', reservation)
  await wait(500)
  const before = await everything()

  const { at, states } = await money.state(reservation.scopes)

  assert.equal(at, NOON + 500)
  assert.deepEqual(states[0], {
    key: 'client:1',
    name: 'client:1',
    running: 1,
    concurrency: 20,
    requests: { limit: 100, remaining: 99, resetMs: 35_500 },
    tokens: { limit: 200_000, remaining: 196_666, resetMs: 1000 },
    day: { limitNanos: 5_000_000_000, spentNanos: 0, heldNanos: 5 },
    month: { limitNanos: 100_000_000_000, spentNanos: 0, heldNanos: 5 },
  })
  assert.deepEqual(await everything(), before)
})
