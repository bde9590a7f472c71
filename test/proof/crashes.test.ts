/**
 * After a crash, a wipe, a stop or a cut during a storm all records agree, with no other
 * tolerance than the stated bound's. Calls of a replica that died are charged what they held; everything else is exact.
 */

import assert from 'node:assert/strict'
import { describe, type TestContext, test } from 'node:test'
import { connectRedis } from '../../src/redis/connect.ts'
import { freePort, ownPostgres, ownRedis, testDatabase, testRedis } from '../servers.ts'
import { until } from '../until.ts'
import { assertServedIsCharged } from './agreement.ts'
import { type Fleet, startFleet } from './fleet.ts'
import { type Random, randomFrom, seedOf } from './random.ts'
import { allQuiet, assertBalanced, assertWithin, overspend, type Row, readLedger } from './reconciliation.ts'
import { type Attempt, attempt, type Call, drawCalls, isPutOff, PEACEFUL, press } from './traffic.ts'
import { startWire } from './wire.ts'

const AT_ONCE = 24
const SIZE = 2
/** `LEASE` in src/lua/prelude/keys.lua. */
const LEASE_MS = 30_000

interface Pressed {
  fleet: Fleet
  calls: Call[]
  attempts: Attempt[]
  rows: Row[]
}

interface Crash {
  seed: number
  redisUrl: string
  databaseUrl: string
  calls: number
  size?: number
  /** US dollars a month, for everything. */
  budget: number
  /** What happens while calls come; `served` waits until the provider has had so many. */
  meanwhile(fleet: Fleet, served: (count: number) => Promise<unknown>, random: Random): Promise<void>
}

/** Sends calls to a fleet during a failure, waits until no call runs, and compares all records. */
async function crash(t: TestContext, options: Crash): Promise<Pressed & { lost: Row[] }> {
  const { redisUrl, databaseUrl, size = SIZE } = options
  const seed = seedOf(t, options.seed)
  const [random, chance] = [randomFrom(seed), randomFrom(seed + 1)]
  const fleet = await startFleet(t, { redisUrl, databaseUrl, size })
  await fleet.everything({ budget: { month: options.budget } })
  const keys = new Map([
    ['frontend', await fleet.client('frontend', {})],
    ['batch', await fleet.client('batch', { budget: { day: options.budget * 0.6 } })],
  ])
  const calls = drawCalls({ random, clients: [...keys.keys()], count: options.calls })
  const { provider, gateways } = fleet
  const served = (count: number) => until(async () => provider.calls.length >= count)
  const url = () => (gateways.length > 0 ? chance.pick(gateways).url : undefined)
  const patience = { everyMs: 300, attempts: 400 }

  const [attempts] = await Promise.all([
    press({ random: chance, url, keys, patience }, calls, AT_ONCE),
    options.meanwhile(fleet, served, chance),
  ])
  assert.deepEqual(
    attempts.filter(isPutOff).filter(isLast(attempts)),
    [],
    'every call got a response in the end',
  )
  await allQuiet(fleet)

  const rows = await assertBalanced(fleet)
  assertWithin(fleet.budgets, rows)
  assert.equal(overspend(rows), 0)
  const lost = assertServedIsCharged({ fleet, calls, rows })
  const outcomes = Object.groupBy(rows, ({ outcome }) => outcome)
  t.diagnostic(
    Object.entries(outcomes)
      .map(([outcome, of]) => `${outcome} ${of?.length}`)
      .join(', '),
  )
  return { fleet, calls, attempts, rows, lost }
}

/** Of all attempts at its call. */
function isLast(attempts: Attempt[]): (one: Attempt) => boolean {
  const last = new Map(attempts.map(one => [one.call, one]))
  return one => last.get(one.call) === one
}

describe('a crash costs a client at most the held amount', { concurrency: 2 }, () => {
  test('only the calls of a killed gateway are lost, and each is charged its hold', async t => {
    const [{ url: redisUrl }, { url: databaseUrl }] = await Promise.all([testRedis(t), testDatabase(t)])
    const killedAt: number[] = []
    const { fleet, rows, lost } = await crash(t, {
      seed: 9,
      redisUrl,
      databaseUrl,
      calls: 240,
      size: 3,
      budget: 0.6,
      async meanwhile(fleet, served, random) {
        for (const count of [30, 60, 90, 120]) {
          await served(count)
          killedAt.push(performance.now())
          await fleet.kill(random.pick(fleet.gateways.slice(1)))
          await fleet.start()
        }
      },
    })
    const lostLines = () => fleet.lines().filter(({ outcome }) => outcome === 'lost')
    // On a slow machine the first lease ends before the last kill, which may end the reaper between a charge and its line.
    const isReaperKilled = killedAt.at(-1)! - killedAt[0]! > LEASE_MS
    if (!isReaperKilled) await until(async () => lostLines().length >= lost.length)

    assert.ok(lost.length > 0, 'calls ran when their gateway was killed')
    const logged = lostLines().map(({ reqId, costUsd }) => ({
      id: reqId,
      cost: Math.round(Number(costUsd) * 1e9),
    }))
    const ids = new Set(logged.map(({ id }) => id))
    const byId = (one: { id: unknown }, other: { id: unknown }) =>
      String(one.id) < String(other.id) ? -1 : 1
    assert.deepEqual(
      logged.sort(byId),
      lost
        .filter(({ id }) => !isReaperKilled || ids.has(id))
        .map(({ id, cost }) => ({ id, cost }))
        .sort(byId),
      'one line each, by the replica whose lease reaper charged it',
    )
    assert.ok(
      rows.every(({ seq }) => seq === 0),
      'no process is left to correct them',
    )
  })

  test('no call is lost or charged twice after Redis is killed and restarted twice', async t => {
    const redis = await ownRedis(t)
    const { url: databaseUrl } = await testDatabase(t)
    const { rows, lost } = await crash(t, {
      seed: 10,
      redisUrl: redis.url,
      databaseUrl,
      calls: 200,
      budget: 0.5,
      async meanwhile(_fleet, served) {
        for (const count of [50, 100]) {
          await served(count)
          await redis.kill9()
          await redis.restart()
        }
      },
    })
    assert.deepEqual(lost, [])
    assert.ok(rows.every(({ seq }) => seq === 0))
  })

  test('a wiped Redis admits no call until the ledger restores its counters, and no call is lost', async t => {
    const redis = await ownRedis(t)
    const { url: databaseUrl } = await testDatabase(t)
    const client = connectRedis(redis.url)
    t.after(() => client.disconnect())
    let wipedAt = Number.NaN
    const { rows, lost } = await crash(t, {
      seed: 11,
      redisUrl: redis.url,
      databaseUrl,
      calls: 200,
      budget: 0.5,
      async meanwhile(_fleet, served) {
        await served(70)
        // One transaction, so that no call is admitted between the two commands.
        const [[, time] = []] = (await client.multi().time().flushall().exec()) ?? []
        const [seconds, micros] = Array.isArray(time) ? time.map(Number) : []
        wipedAt = seconds! * 1000 + micros! / 1000
      },
    })
    const completeAt = Number(await client.get('{tollgate}:epoch'))
    assert.ok(completeAt > wipedAt)
    const between = rows.filter(({ at, held }) => held > 0 && at > wipedAt && at < completeAt)
    assert.deepEqual(between, [], 'admitted without counters')
    assert.deepEqual(lost, [])
  })

  test('an idle gateway repeats its settlements after Redis is wiped before the drain', async t => {
    const [redis, postgres] = await Promise.all([ownRedis(t), ownPostgres(t)])
    const client = connectRedis(redis.url)
    t.after(() => client.disconnect())
    const fleet = await startFleet(t, { redisUrl: redis.url, databaseUrl: postgres.url, size: 2 })
    const key = await fleet.client('frontend', { budget: { day: 1 } })
    const calls = drawCalls({ random: randomFrom(14), clients: ['frontend'], count: 3, kinds: PEACEFUL })
    const [idle, busy] = fleet.gateways
    await attempt(busy!.url, key, calls[0]!)
    await allQuiet(fleet)
    await attempt(idle!.url, key, calls[1]!)
    // An empty stream proves nothing: the response is sent before the call is settled.
    await until(async () => (await readLedger(postgres.url)).length === 2)
    await until(async () => (await client.xlen('{tollgate}:ledger')) === 0)
    await postgres.stop()
    assert.equal((await attempt(idle!.url, key, calls[2]!)).status, 200)
    await until(async () => (await client.xlen('{tollgate}:ledger')) === 1)

    await client.flushall()
    await postgres.start()

    await until(async () => (await client.exists('{tollgate}:epoch')) === 1)
    await until(async () => (await readLedger(postgres.url)).length === 3)
    await allQuiet(fleet)
    const rows = await assertBalanced(fleet)
    assert.deepEqual(assertServedIsCharged({ fleet, calls, rows }), [])
  })

  test('calls continue while Postgres is unreachable, and the ledger drains afterwards', async t => {
    const postgres = await ownPostgres(t)
    const { url: redisUrl } = await testRedis(t)
    let away = { from: 0, to: 0 }
    const { attempts, lost } = await crash(t, {
      seed: 12,
      redisUrl,
      databaseUrl: postgres.url,
      calls: 200,
      budget: 0.5,
      async meanwhile(_fleet, served) {
        await served(50)
        await postgres.stop()
        away = { from: Date.now(), to: 0 }
        await served(130)
        away.to = Date.now()
        await postgres.start()
      },
    })
    const meanwhile = attempts.filter(({ from, to }) => from > away.from && to < away.to)
    assert.ok(
      meanwhile.some(({ status }) => status === 200),
      'calls were served',
    )
    assert.deepEqual(
      meanwhile.filter(({ details }) => details.error_code === 'unavailable'),
      [],
    )
    assert.deepEqual(lost, [])
  })

  test('lost and late replies and late commands of Redis cause no double charge and no orphaned hold', async t => {
    const port = await freePort()
    await ownRedis(t, { port })
    const wire = await startWire(t, port)
    const { url: databaseUrl } = await testDatabase(t)
    const { lost } = await crash(t, {
      seed: 13,
      redisUrl: wire.url,
      databaseUrl,
      calls: 250,
      budget: 0.5,
      // Entries whose delivery to a drain was lost wait until they count as abandoned.
      async meanwhile(_fleet, served) {
        await served(20)
        wire.spoil()
        await served(140)
        wire.restore()
      },
    })
    t.diagnostic(JSON.stringify(wire.faults))
    assert.ok(
      Object.values(wire.faults).every(count => count > 0),
      JSON.stringify(wire.faults),
    )
    assert.deepEqual(lost, [])
  })
})
