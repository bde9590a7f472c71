import assert from 'node:assert/strict'
import { test } from 'node:test'
import { change } from '../../src/clients/changes.ts'
import { reviseClient } from '../../src/clients/client-records.ts'
import { revokeKey } from '../../src/clients/key-records.ts'
import { TESTER } from '../clients/fixture.ts'
import { linkTo } from '../clients/link.ts'
import { until } from '../until.ts'
import { type Replica, startReplica } from './replica.ts'

const VERSION = '{tollgate}:version'
const status = async (replica: Replica, key: string) => (await replica.call({ 'x-api-key': key })).statusCode

test('Redis has a change before the administrator gets the response', async t => {
  const replica = await startReplica(t)
  await replica.client({ name: 'frontend' })
  const before = replica.app.clients.version
  await replica.admin('PATCH', '/clients/frontend', { limits: { concurrency: 1 } })
  assert.ok(replica.app.clients.version > before, 'this replica has applied it')
  assert.equal(Number(await replica.app.redis.get(VERSION)), replica.app.clients.version)
})

test('every replica refuses a revoked key, also if the revoking replica died before it published', async t => {
  const one = await startReplica(t)
  const two = await startReplica(t, one)
  const { id, key } = await one.client({ name: 'frontend' })
  assert.equal(await status(two, key), 200)

  await change(one.app.pg, TESTER, db => revokeKey(db, id, Date.now()))
  await until(async () => (await status(two, key)) === 403)
  await until(async () => Number(await one.app.redis.get(VERSION)) === two.app.clients.version)
})

test('every replica applies a changed limit', async t => {
  const one = await startReplica(t)
  const two = await startReplica(t, one)
  const { id, key } = await one.client({ name: 'frontend' })
  await status(two, key)
  await change(one.app.pg, TESTER, db =>
    reviseClient(db, 'frontend', before => ({ ...before, limits: { concurrency: 3 } })),
  )
  await until(() => two.app.clients.find(id)?.client.limits.concurrency === 3)
})

test('the configuration can be changed while Redis is unreachable', async t => {
  const replica = await startReplica(t)
  const { id, key } = await replica.client({ name: 'frontend' })
  replica.app.redis.disconnect()
  assert.equal((await replica.admin('DELETE', `/keys/${id}`)).status, 204)
  assert.equal(await status(replica, key), 403)
})

test('a replica publishes the configuration version again after Redis lost it', async t => {
  const replica = await startReplica(t)
  await replica.client({ name: 'frontend' })
  await replica.app.redis.del(VERSION)
  await until(async () => Number(await replica.app.redis.get(VERSION)) === replica.app.clients.version)
})

test('a gateway that starts without Postgres reports it, waits, and is ready after Postgres is reachable', async t => {
  const one = await startReplica(t)
  const { key } = await one.client({ name: 'frontend' })
  const link = await linkTo(t, one.databaseUrl)
  link.cut()
  const two = await startReplica(t, { databaseUrl: link.url, redisUrl: one.redisUrl, ready: false })

  assert.equal(await status(two, key), 503)
  const notYet = await two.app.inject('/readyz')
  assert.equal(notYet.statusCode, 503)
  assert.ok(notYet.json().degraded.includes('postgres'))
  assert.equal((await two.admin('GET', '/clients')).status, 503)
  await until(() => two.lines.some(({ msg }) => String(msg).startsWith('Postgres is away')))

  link.restore()
  await until(async () => (await two.app.inject('/readyz')).statusCode === 200)
  assert.equal(await status(two, key), 200)
})

test('a running gateway without Postgres is ready and degraded, logs it once, and recovers', async t => {
  const { databaseUrl } = await startReplica(t)
  const link = await linkTo(t, databaseUrl)
  const replica = await startReplica(t, { databaseUrl: link.url, pollEvery: 20 })
  const degraded = async () => (await replica.app.inject('/readyz')).json().degraded
  await until(async () => (await degraded()).length === 0)
  link.cut()
  await until(async () => (await degraded()).includes('postgres'))
  assert.equal((await replica.app.inject('/readyz')).statusCode, 200)
  link.restore()
  await until(async () => (await degraded()).length === 0)
  assert.equal(
    replica.lines.filter(({ level, msg }) => level === 'warn' && /Postgres/.test(String(msg))).length,
    1,
  )
})
