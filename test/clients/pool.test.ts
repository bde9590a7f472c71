import assert from 'node:assert/strict'
import { test } from 'node:test'
import { query } from '../../src/embedded/postgres.ts'
import { isAway } from '../../src/sql/query.ts'
import { openPool, testDatabase } from '../servers.ts'

test('a connection that ends between two queries fails the next query, not the process', async t => {
  const { url } = await testDatabase(t)
  const pool = openPool(t, url)
  const client = await pool.connect()
  const { rows } = await client.query('select pg_backend_pid() as pid')
  const ended = new Promise(resolve => client.once('end', resolve))

  await query(url, `select pg_terminate_backend(${rows[0].pid})`)
  await ended

  await assert.rejects(client.query('select 1'), isAway)
  client.release(true)
  assert.equal((await pool.query('select 1')).rowCount, 1)
})

test('an idle connection that ends is reported and replaced', async t => {
  const { url } = await testDatabase(t)
  const ended = Promise.withResolvers<Error>()
  const pool = openPool(t, url, { onEnd: ended.resolve })
  const { rows } = await pool.query('select pg_backend_pid() as pid')

  await query(url, `select pg_terminate_backend(${rows[0].pid})`)

  assert.ok(isAway(await ended.promise))
  assert.equal((await pool.query('select 1')).rowCount, 1)
})
