import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import type { Alert } from '../../src/alerts/alert.ts'
import { createWatch, type Watch } from '../../src/alerts/watch.ts'
import type { LimitedScope } from '../../src/clients/limits.ts'
import type { Reservation } from '../../src/lua/types.ts'
import { createFixture, DAY, HOUR, MINUTE, SECOND } from '../lua/fixture.ts'
import { until } from '../until.ts'

const LIMIT = 5e9

function levelOf(budget: LimitedScope['budget'], key = 'client:c1'): LimitedScope {
  return { key, name: key.replace(':', ':name-of-'), limits: {}, budget }
}

function reservationOf(level: LimitedScope, nanos: number): Reservation {
  const { key, name } = level
  const { dayNanos = Number.MAX_SAFE_INTEGER, monthNanos = Number.MAX_SAFE_INTEGER } = level.budget
  return { scopes: [{ key, name, day: dayNanos, month: monthNanos }], tokens: 0, nanos, entry: {} }
}

/** A day of budgets, on the real counting scripts and on a clock that the test sets. */
async function life(t: TestContext) {
  const fixture = await createFixture(t)
  const watch = createWatch(fixture.redis, fixture.money)
  let calls = 0

  async function begin(level: LimitedScope, nanos: number, by: Watch = watch) {
    const id = `call-${++calls}`
    const reservation = reservationOf(level, nanos)
    const admitted = await fixture.admit(id, reservation)
    assert.equal(admitted.kind, 'granted')
    by.note([level], fixture.now())
    return async (cost: number) => {
      await fixture.money.settle([{ id, reservation, nanos: cost, tokens: 0, entry: { outcome: 'ok' } }])
    }
  }
  async function spend(level: LimitedScope, nanos: number, by?: Watch) {
    const end = await begin(level, nanos, by)
    await end(nanos)
  }
  const noted = () => fixture.redis.zcard('{tollgate}:noted-budgets')
  return { ...fixture, watch, begin, spend, noted }
}

const kinds = (alerts: Alert[]) => alerts.map(({ kind, details }) => [kind, details.period, details.percent])

test('the next check finds a crossed threshold, and only the highest of several', async t => {
  const { spend, watch } = await life(t)
  const level = levelOf({ dayNanos: LIMIT })

  await spend(level, 2.4e9)
  assert.deepEqual(kinds(await watch.look()), [])
  await spend(level, 0.1e9)
  assert.deepEqual(kinds(await watch.look()), [['budget_threshold', 'day', 50]])
  await spend(level, 2.5e9)
  assert.deepEqual(kinds(await watch.look()), [['budget_threshold', 'day', 100]])
})

test('day and month of client, team and gateway are watched, each with its own budget', async t => {
  const { spend, watch } = await life(t)
  await spend(levelOf({ dayNanos: 1e9, monthNanos: 2e9 }), 1e9)
  await spend(levelOf({ monthNanos: 3e9 }, 'team:t1'), 1e9)
  await spend(levelOf({ dayNanos: 1.2e9 }, 'gateway'), 1e9)

  const found = await watch.look()

  assert.deepEqual(found.map(({ scope, details }) => [scope, details.period, details.percent]).toSorted(), [
    ['client:name-of-c1', 'day', 100],
    ['client:name-of-c1', 'month', 50],
    ['gateway', 'day', 80],
  ])
})

test('the watch counts the charge of a dead replica’s calls, also if the lease reaper charges them late', async t => {
  const { begin, money, wait, watch } = await life(t)
  await begin(levelOf({ dayNanos: LIMIT }), LIMIT)

  for (let seconds = 0; seconds < 600; seconds += 20) {
    await wait(20 * SECOND)
    assert.deepEqual(await watch.look(), [])
  }
  for (let seconds = 0; seconds < 40; seconds += 5) {
    await wait(5 * SECOND)
    await money.sweep(10)
  }

  assert.deepEqual(kinds(await watch.look()), [['budget_threshold', 'day', 100]])
})

test('a budget is watched only while its calls run', async t => {
  const { begin, noted, wait, watch } = await life(t)
  const end = await begin(levelOf({ dayNanos: LIMIT }), 1e9)

  await wait(10 * MINUTE)
  await watch.look()
  assert.equal(await noted(), 1)
  await end(1e9)
  await wait(15 * SECOND)
  await watch.look()
  await wait(15 * SECOND)
  await watch.look()

  assert.equal(await noted(), 0)
})

test('the watch finds each call of a rarely used budget', async t => {
  const { spend, wait, watch } = await life(t)
  const level = levelOf({ monthNanos: LIMIT })
  for (const percent of [undefined, 50, 80, 100]) {
    await spend(level, percent === undefined ? 2e9 : 1e9)
    assert.equal((await watch.look())[0]?.details.percent, percent)
    await wait(HOUR)
    await watch.look()
  }
})

test('a client without a budget costs no check', async t => {
  const { spend, noted } = await life(t)
  for (let i = 0; i < 10; i++) await spend(levelOf({}, `client:c${i}`), 1e9)
  assert.equal(await noted(), 0)
})

test('a changed budget counts from the next call on, although the old one was just recorded', async t => {
  const { spend, watch, wait } = await life(t)
  await spend(levelOf({ dayNanos: LIMIT }), 2.4e9)
  await wait(SECOND)
  await spend(levelOf({ dayNanos: 2 * LIMIT }), 2.4e9)
  assert.deepEqual(await watch.look(), [])
  await wait(SECOND)
  await spend(levelOf({ dayNanos: 1.2 * LIMIT }), 0)
  assert.deepEqual(kinds(await watch.look()), [['budget_threshold', 'day', 80]])
})

test('a new day starts from zero', async t => {
  const { spend, wait, watch } = await life(t)
  const level = levelOf({ dayNanos: LIMIT })
  await spend(level, 4e9)
  const [today] = await watch.look()
  await wait(DAY)
  await spend(level, 1e9)
  assert.deepEqual(await watch.look(), [])
  await spend(level, 3e9)
  const [tomorrow] = await watch.look()
  assert.equal(tomorrow?.details.percent, 80)
  assert.notEqual(tomorrow?.dedupe, today?.dedupe)
})

test('all replicas share the pace, and a new one has it at once', async t => {
  const { money, redis, spend, wait } = await life(t)
  const level = levelOf({ dayNanos: LIMIT })
  const raised: Alert[] = []
  // From noon on, all of the day's budget in six hours; the replicas take turns, and are all new each half hour.
  for (let minutes = 0; minutes < 180 && raised.length === 0; minutes++) {
    await wait(MINUTE)
    const replica = createWatch(redis, money)
    await spend(level, Math.floor(LIMIT / 360), replica)
    raised.push(...(await replica.look()).filter(({ kind }) => kind === 'budget_pace'))
  }

  assert.equal(raised.length, 1)
  const { details } = raised[0]!
  assert.match(String(details.exhaustedAt), /T1[789]:/)
  assert.ok(Number(details.spentUsd) < 2, 'long before half of it is spent')
  assert.ok((await redis.hlen('{tollgate}:pace:client:c1:d21000228')) <= 40)
})

test('one replica checks at a time', async t => {
  const { redis, money } = await life(t)
  const replicas = Array.from({ length: 3 }, () => createWatch(redis, money))

  const turns = await Promise.all(replicas.map(replica => replica.takeTurn(600_000)))

  assert.equal(turns.filter(Boolean).length, 1)
  assert.equal(await replicas[0]!.takeTurn(600_000), false)
})

test('the lock of a dead replica expires', async t => {
  const { watch } = await life(t)
  assert.equal(await watch.takeTurn(1), true)

  await until(() => watch.takeTurn(600_000))
})

test('one request checks a thousand budgets', async t => {
  const { redis, money, watch, now } = await life(t)
  for (let i = 0; i < 1000; i++)
    watch.note([levelOf({ dayNanos: LIMIT, monthNanos: LIMIT }, `client:c${i}`)], now())
  await redis.ping()
  assert.deepEqual(await createWatch(redis, money).look(), [])
})
