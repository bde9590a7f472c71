/** The same scripts on a server that forgets them, on a cluster, and through a failover. */

import assert from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { test } from 'node:test'
import { setTimeout as delay } from 'node:timers/promises'
import type { Cluster, Redis } from 'ioredis'
import { createMoneyScripts } from '../../src/lua/index.ts'
import { createLedgerScripts } from '../../src/lua/ledger.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import { ownRedis } from '../servers.ts'
import { testCluster, testSentinel } from '../topologies.ts'
import { claimOn, readEntries } from './fixture.ts'

const limits = {
  requests: { capacity: 1000, per: 3_600_000 },
  tokens: { capacity: 1000, per: 60_000 },
  day: 1e9,
  month: 1e9,
}
const reservation = claimOn(
  ['client:1', 'team:1', 'gateway'].map(key => ({ key, ...limits })),
  { nanos: 1000, tokens: 10 },
)

/** Runs a call from admission to settlement. Returns the amounts of its client's windows. */
async function call(redis: Redis | Cluster) {
  const money = createMoneyScripts(redis)
  const id = randomUUID()
  const admitted = await money.admit(id, reservation, { version: 1, maxPending: 1000 })
  assert.equal(admitted.kind, 'granted')
  const { at } = admitted
  assert.deepEqual(await money.renew([{ id, reservation, at }]), [{ id, kind: 'renewed' }])
  await money.sweep(10)
  const [settled] = await money.settle([{ id, reservation, at, nanos: 400, tokens: 5, entry: {} }])
  assert.equal(settled?.kind, 'settled')
  const { states } = await money.state(reservation.scopes)
  return states[0]?.day
}

async function complete(redis: Redis | Cluster): Promise<void> {
  const ledger = createLedgerScripts(redis)
  await ledger.begin('test')
  assert.equal(await ledger.restore('test', { windows: [], calls: [] }, 1), 'complete')
}

test('scripts are loaded again after SCRIPT FLUSH', async t => {
  const server = await ownRedis(t)
  const redis = connectRedis(server.url)
  await complete(redis)
  await call(redis)
  await redis.script('FLUSH')
  assert.deepEqual(await call(redis), { limitNanos: 1e9, spentNanos: 800, heldNanos: 0 })
  redis.disconnect()
})

test('a call from admission to settlement works on a cluster', async t => {
  const { url } = await testCluster(t)
  const redis = connectRedis(url)
  await complete(redis)

  assert.deepEqual(await call(redis), { limitNanos: 1e9, spentNanos: 400, heldNanos: 0 })

  const ledger = createLedgerScripts(redis)
  assert.equal((await ledger.snapshot(['client:1'])).windows.length, 2)
  assert.equal((await Array.fromAsync(ledger.scopeKeys())).flat().length, 3)
  await ledger.forget((await readEntries(redis)).map(({ id, seq }) => ({ id, seq })))
  redis.disconnect()
})

test('calls are admitted and settled before and after a failover, and no replicated data is lost', async t => {
  const { url, primary, replica } = await testSentinel(t)
  const redis = connectRedis(url)
  redis.on('error', () => {}) // it is away for a while
  await complete(redis)
  const money = createMoneyScripts(redis)
  await call(redis)
  const admitted = await money.admit('across', reservation, { version: 1, maxPending: 1000 })
  assert.equal(admitted.kind, 'granted')
  await redis.wait(1, 5000)

  await primary.kill9()
  const follower = connectRedis(replica.url)
  follower.on('error', () => {}) // its connections are cut when it is promoted
  while (!/role:master/.test(await follower.info('replication'))) await delay(20)
  follower.disconnect()

  while ((await money.state(reservation.scopes).catch(() => undefined)) === undefined) await delay(20)
  const [settled] = await money.settle([
    { id: 'across', reservation, at: admitted.at, nanos: 100, tokens: 1, entry: {} },
  ])
  assert.equal(settled?.kind, 'settled')
  assert.deepEqual(await call(redis), { limitNanos: 1e9, spentNanos: 900, heldNanos: 0 })
  assert.equal((await readEntries(redis)).length, 3)
  redis.disconnect()
})
