/** The servers of the other tests. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { connectRedis } from '../../src/redis/connect.ts'
import { emptyDatabase, openPool, ownPostgres, ownRedis, testRedis } from '../servers.ts'

test('each test has its own Redis database', async t => {
  const urls = await Promise.all([testRedis(t), testRedis(t)])
  const [one, other] = urls.map(({ url }) => connectRedis(url))
  t.after(() => [one, other].map(redis => redis?.disconnect()))
  await one?.set('key', 'mine')
  assert.equal(await other?.get('key'), null)
})

test('each test has its own Postgres database', async t => {
  const urls = await Promise.all([emptyDatabase(t), emptyDatabase(t)])
  const [one, other] = urls.map(({ url }) => openPool(t, url))
  await one?.query('create table mine (id int)')
  const found = await other?.query("select to_regclass('mine') as mine")
  assert.deepEqual(found?.rows, [{ mine: null }])
})

test("a test's own Redis keeps its data through kill -9 and restart", async t => {
  const redis = await ownRedis(t, { args: ['--appendfsync', 'always'] })
  const client = connectRedis(redis.url, { retryStrategy: () => 10 })
  client.on('error', () => {})
  t.after(() => client.disconnect())
  await client.set('key', 'kept')
  const before = redis.pid
  await redis.kill9()
  await redis.restart()
  assert.equal(await client.get('key'), 'kept')
  assert.notEqual(redis.pid, before)
})

test("a test's own Postgres keeps its data through stop and start", async t => {
  const postgres = await ownPostgres(t)
  const pool = openPool(t, postgres.url)
  await pool.query('create table kept as select 1 as id')
  await postgres.stop()
  await assert.rejects(pool.query('select from kept'))
  await postgres.start()
  assert.equal((await pool.query('select from kept')).rowCount, 1)
})
