import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readEpoch, readProgress } from '../../src/ledger/progress.ts'
import { rebuild } from '../../src/ledger/rebuild.ts'
import { createSettlements } from '../../src/ledger/settlements.ts'
import { verify } from '../../src/ledger/verify.ts'
import { drained, drainOf, type Fixture, fixture, log, write } from './fixture.ts'
import { claimOf, complete, counters, money } from './money.ts'

const frontend = { client: 'c1', team: 't1' }
const batch = { client: 'c2' }
const DAY = 86_400_000

/** Like FLUSHALL, for one test's database. */
const wipe = ({ redis }: Fixture) => redis.flushdb()

async function spend(at: Fixture) {
  const { call, settleOne } = money(at)
  for (let i = 0; i < 10; i++) await call(`call-${i}`, i % 2 ? frontend : batch, 9_007_199_254 + i)
  // A call of yesterday that is settled today counts for yesterday.
  await settleOne('yesterday', frontend, 500, 400, Date.now() - DAY)
  await drainOf(at).stop(5000)
}

test('an empty Redis admits no call; on the first start the counters are complete at once', async t => {
  const at = await fixture(t)
  const { admit } = money(at)
  const options = { version: 1, maxPending: 100 }
  assert.deepEqual(await admit('early', claimOf('early', frontend, 1), options), { kind: 'rebuilding' })
  assert.equal(await complete(at, 'replica', 60_000), true)
  assert.equal((await admit('late', claimOf('late', frontend, 1), options)).kind, 'granted')
})

test('counters are restored to the nano-dollar, with the configuration version', async t => {
  const at = await fixture(t)
  await at.pool.query('update configuration set version = 42')
  await complete(at)
  await spend(at)
  const before = await counters(at)
  await wipe(at)
  assert.equal(await complete(at), true)
  assert.deepEqual(await counters(at), before)
  assert.equal(await at.redis.get('{tollgate}:version'), '42')
  assert.deepEqual((await verify(at)).differences, [])
})

test('the stream is drained before the counters are restored', async t => {
  const at = await fixture(t)
  await complete(at)
  await money(at).call('call', frontend, 1000)
  const before = await counters(at)
  await at.redis.del('{tollgate}:epoch', '{tollgate}:scope:client:c1')
  const completed = complete(at)
  const drain = drainOf(at)
  assert.equal(await completed, true)
  await drain.stop(5000)
  assert.deepEqual(await counters(at), before)
})

test('two replicas that rebuild at once restore the counters once', async t => {
  const at = await fixture(t)
  await complete(at)
  await spend(at)
  const before = await counters(at)
  await wipe(at)
  const turns = await Promise.all([complete(at, 'one'), complete(at, 'two'), complete(at, 'three')])
  assert.equal(turns.filter(Boolean).length, 1)
  assert.deepEqual(await counters(at), before)
  assert.equal(await complete(at, 'two'), true)
  assert.deepEqual(await counters(at), before)
})

test('a repeated settlement after the rebuild charges nothing', async t => {
  const at = await fixture(t)
  await complete(at)
  const { call, settleOne } = money(at)
  await call('settled', frontend, 1000, 2000)
  await drainOf(at).stop(5000)
  const before = await counters(at)
  await wipe(at)
  await complete(at)
  assert.equal((await settleOne('settled', frontend, 2000, 1000)).kind, 'already')
  assert.deepEqual(await counters(at), before)
})

test('a replica without an epoch keeps its settlements if Redis loses its data', async t => {
  const at = await fixture(t)
  const { admitOne, settle } = money(at)
  let now = 0
  const settlements = createSettlements(
    settle,
    { settled() {}, failed: error => assert.fail(String(error)) },
    flush => flush(),
    () => now,
  )
  const readLedger = async () => settlements.forget(await readProgress(at.redis), await readEpoch(at.redis))
  const reservation = claimOf('call', frontend, 2000)
  await complete(at)
  const admittedAt = await admitOne('call', frontend, 2000)
  settlements.push({
    id: 'call',
    reservation,
    at: admittedAt,
    nanos: 1000,
    tokens: 0,
    entry: reservation.entry,
  })
  await settlements.drained()

  await wipe(at)
  const drain = drainOf(at)
  await write(at, { id: 'of another replica' })
  await drained(at)
  for (; now < 60_000; now += 1000) await readLedger()
  await complete(at)
  await readLedger()
  await settlements.drained()
  await drain.stop(5000)

  const { rows } = await at.pool.query("select cost_nanos from calls where id = 'call'")
  assert.deepEqual(rows, [{ cost_nanos: '1000' }])
  assert.deepEqual((await verify(at)).differences, [])
})

test('a call that was lost before a rebuild is corrected once after it', async t => {
  const at = await fixture(t)
  await complete(at)
  const { admitOne, settleOne } = money(at)
  const admittedAt = await admitOne('lost', frontend, 5000)
  // As the lease reaper writes it.
  const entry = JSON.stringify({ ...claimOf('lost', frontend, 0).entry, outcome: 'lost' })
  const fields = { id: 'lost', seq: 0, at: admittedAt, nanos: 5000, held: 5000, data: entry }
  await at.redis.xadd('{tollgate}:ledger', '*', ...Object.entries(fields).flat())
  await drainOf(at).stop(5000)
  await wipe(at)
  await complete(at)
  assert.equal((await settleOne('lost', frontend, 5000, 1200, admittedAt)).kind, 'corrected')
  assert.equal((await settleOne('lost', frontend, 5000, 1200, admittedAt)).kind, 'already')
  await drainOf(at).stop(5000)
  const { rows } = await at.pool.query('select seq, cost_nanos from calls order by seq')
  assert.deepEqual(rows, [
    { seq: 0, cost_nanos: '5000' },
    { seq: 1, cost_nanos: '-3800' },
  ])
  assert.deepEqual((await verify(at)).differences, [])
})

test('running calls that renew during a rebuild keep their holds', async t => {
  const at = await fixture(t)
  await complete(at)
  const { admitOne, settleOne, renew } = money(at)
  await spend(at)
  const admittedAt = await admitOne('running', frontend, 7000)
  const before = await counters(at)
  await wipe(at)
  const completed = complete(at, 'replica', 100)
  await renew([{ id: 'running', reservation: claimOf('running', frontend, 7000), at: admittedAt }])
  await completed
  assert.deepEqual(await counters(at), before)
  await settleOne('running', frontend, 7000, 10, admittedAt)
  assert.deepEqual((await verify(at)).differences, [])
})

test('deleting the epoch repairs wrong counters', async t => {
  const at = await fixture(t)
  await complete(at)
  await spend(at)
  const before = await counters(at)
  const [anyWindow] = Object.keys(before)[0]!.split(' ').slice(1)
  await at.redis.hset('{tollgate}:scope:gateway', anyWindow!, 1)
  await at.redis.hset('{tollgate}:scope:client:ghost', anyWindow!, 1)
  await at.redis.del('{tollgate}:epoch')
  await complete(at)
  assert.deepEqual(await counters(at), before)
})

test('a rebuild that waits for the drain stops with its replica', async t => {
  const at = await fixture(t)
  await complete(at)
  await money(at).call('call', frontend, 1000)
  await at.redis.del('{tollgate}:epoch')
  const ending = new AbortController()
  const rebuilding = rebuild({ ...at, log, token: 'ending', heartbeatMs: 0, signal: ending.signal })
  ending.abort()
  await assert.rejects(rebuilding, { name: 'AbortError' })
})
