/** The steps of docs/operating.md to restore from backups. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { verify } from '../../src/ledger/verify.ts'
import { drainOf, type Fixture, fixture, write } from './fixture.ts'
import { complete, counters, money } from './money.ts'

const frontend = { client: 'c1', team: 't1' }

const drain = (at: Fixture) => drainOf(at).stop(5000)

/** Calls that cost $0.001 each, in the ledger and in the counters. */
async function spend(at: Fixture, ...ids: string[]) {
  for (const id of ids) await money(at).call(id, frontend, 1_000_000)
  await drain(at)
}

test('missing rows of a restored Postgres are inserted by hand; no counter changes then or later', async t => {
  const at = await fixture(t)
  await complete(at)
  await spend(at, 'in-the-backup')
  await at.pool.query('create table backup_calls as table calls')
  await at.pool.query('create table backup_usage as table usage_daily')
  await spend(at, 'after-the-backup')
  const before = await counters(at)
  await at.pool.query('truncate calls, usage_daily')
  await at.pool.query('insert into calls table backup_calls')
  await at.pool.query('insert into usage_daily table backup_usage')
  const { differences } = await verify(at)
  const missing = differences.find(({ scope, window }) => scope === 'client:c1' && window === 'day')

  await write(at, { id: 'restored-c1', at: Date.now(), nanos: missing?.differenceNanos ?? 0, held: 0 })
  await drain(at)

  assert.deepEqual((await verify(at)).differences, [])
  assert.deepEqual(await counters(at), before)
  await at.redis.flushdb()
  await complete(at)
  assert.deepEqual(await counters(at), before)
})

test('an old copy of Redis gets new counters from the ledger', async t => {
  const at = await fixture(t)
  await complete(at)
  const { admitOne, call, settleOne } = money(at)
  await call('waited', frontend, 500)
  const admittedAt = await admitOne('ended-long-ago', frontend, 7000)
  const copy = await copyOf(at)
  await settleOne('ended-long-ago', frontend, 7000, 10, admittedAt)
  await spend(at, 'later')
  const before = await counters(at)
  await putBack(at, copy)

  for (const key of await at.redis.keys('*'))
    if (!/:(ledger|version|done:.*)$/.test(key)) await at.redis.del(key)
  const completed = complete(at)
  const draining = drainOf(at)
  await completed
  await draining.stop(5000)

  assert.deepEqual(await counters(at), before)
  assert.deepEqual((await verify(at)).differences, [])
})

type Copy = [key: string, value: Buffer][]

async function copyOf({ redis }: Fixture): Promise<Copy> {
  const copy: Copy = []
  for (const key of await redis.keys('*')) copy.push([key, (await redis.dumpBuffer(key)) ?? Buffer.of()])
  return copy
}

async function putBack({ redis }: Fixture, copy: Copy) {
  await redis.flushdb()
  for (const [key, value] of copy) await redis.restore(key, 0, value)
}
