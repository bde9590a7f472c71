import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verify } from '../../src/ledger/verify.ts'
import { windowsAt } from '../../src/lua/calendar.ts'
import { drained, drainOf, fixture } from './fixture.ts'
import { complete, money } from './money.ts'

const frontend = { client: 'c1', team: 't1' }
const batch = { client: 'c2' }

test('counters equal the ledger plus the pending entries before, during and after a drain', async t => {
  const at = await fixture(t)
  await complete(at)
  const { call } = money(at)
  for (let i = 0; i < 20; i++) await call(`first-${i}`, i % 2 ? frontend : batch, 1000 + i)
  const expected = { scopes: 4, differences: [], quarantined: 0 }
  assert.deepEqual(await verify(at), expected)
  const drain = drainOf(at)
  await drained(at)
  assert.deepEqual(await verify(at), expected)
  await drain.stop(5000)
  await call('last', frontend, 7)
  assert.deepEqual(await verify(at), expected)
})

test('a difference of one nano-dollar is reported with its numbers', async t => {
  const at = await fixture(t)
  await complete(at)
  const { call } = money(at)
  await call('drained', frontend, 1000)
  await drainOf(at).stop(5000)
  await call('waiting', frontend, 500)
  const { day } = windowsAt(Date.now())
  await at.redis.hincrby('{tollgate}:scope:client:c1', `${day.name}:spent`, 1)
  const { differences } = await verify(at)
  assert.deepEqual(differences, [
    {
      ...{ scope: 'client:c1', window: 'day', counterNanos: 1501, ledgerNanos: 1000 },
      ...{ pendingNanos: 500, differenceNanos: 1 },
    },
  ])
})

test('a scope that only the ledger or only Redis has is reported', async t => {
  const at = await fixture(t)
  await complete(at)
  await money(at).call('call', frontend, 1000)
  await drainOf(at).stop(5000)
  await at.redis.del('{tollgate}:scope:team:t1')
  const { month } = windowsAt(Date.now())
  await at.redis.hset('{tollgate}:scope:client:ghost', `${month.name}:spent`, 5)
  const { differences } = await verify(at)
  assert.deepEqual(
    differences.map(({ scope, window, differenceNanos }) => [scope, window, differenceNanos]),
    [
      ['client:ghost', 'month', 5],
      ['team:t1', 'day', -1000],
      ['team:t1', 'month', -1000],
    ],
  )
})

test('an unreadable entry is a difference in each of its windows', async t => {
  const at = await fixture(t)
  await complete(at)
  const { call } = money(at)
  await call('call', batch, 1000)
  const [[, fields]] = (await at.redis.xrange('{tollgate}:ledger', '-', '+')) as [[string, string[]]]
  await at.redis.del('{tollgate}:ledger')
  await at.redis.xadd('{tollgate}:ledger', '*', ...fields.map(field => (field.startsWith('{') ? '{' : field)))
  await drainOf(at).stop(5000)
  const { differences, quarantined } = await verify(at)
  assert.equal(quarantined, 1)
  assert.deepEqual(
    differences.map(({ scope, window, differenceNanos }) => `${scope} ${window} ${differenceNanos}`).sort(),
    ['client:c2 day 1000', 'client:c2 month 1000', 'gateway day 1000', 'gateway month 1000'],
  )
})

test('verify finds no difference while calls are settled and two replicas drain', async t => {
  const at = await fixture(t)
  await complete(at)
  const { call } = money(at)
  const drains = [drainOf(at, { batch: 7, gatherMs: 1 }), drainOf(at, { batch: 5, gatherMs: 1 })]
  let busy = true
  let calls = 0
  t.after(() => {
    busy = false
  })
  const callers = Array.from({ length: 8 }, async (_, n) => {
    while (busy) await call(`call-${n}-${calls++}`, { client: `c${n}`, team: `t${n % 3}` }, calls)
  })
  const found: unknown[] = []
  for (let i = 0; i < 20; i++) found.push(...(await verify(at)).differences)
  busy = false
  await Promise.all(callers)
  assert.deepEqual(found, [])
  assert.ok(calls > 100)
  await Promise.all(drains.map(drain => drain.stop(5000)))
  assert.deepEqual((await verify(at)).differences, [])
})

test('a call that is settled and drained between the reads of Redis and Postgres is no difference', async t => {
  const at = await fixture(t)
  await complete(at)
  const { call } = money(at)
  await call('before', frontend, 1000)
  let looks = 0
  const scripts = {
    ...at.scripts,
    async snapshot(scopes: string[]) {
      const snapshot = await at.scripts.snapshot(scopes)
      await call(`between-${++looks}`, frontend, 50)
      await drainOf(at).stop(5000)
      return snapshot
    },
  }
  assert.deepEqual((await verify({ ...at, scripts })).differences, [])
  assert.ok(looks > 0)
})

test('counters that are incomplete, or lost during the check, are not compared', async t => {
  const at = await fixture(t)
  await complete(at)
  await money(at).call('call', frontend, 1000)
  await drainOf(at).stop(5000)
  const { scripts } = at
  const losing = {
    ...scripts,
    async snapshot(scopes: string[]) {
      await at.redis.flushdb()
      return scripts.snapshot(scopes)
    },
  }

  await assert.rejects(verify({ ...at, scripts: losing }), /^Error: REBUILDING/)
  await assert.rejects(verify(at), /^Error: REBUILDING/)
  await complete(at)
  assert.deepEqual((await verify(at)).differences, [])
})
