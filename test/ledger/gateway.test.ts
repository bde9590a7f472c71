import assert from 'node:assert/strict'
import { test } from 'node:test'
import { readRefusals } from '../../src/ledger/refusals.ts'
import { startGateway } from '../gateway.ts'
import { openPool } from '../servers.ts'
import { until } from '../until.ts'

const prompt = { model: 'claude-haiku-4-5', max_tokens: 64, messages: [{ role: 'user', content: 'hello' }] }

test('a call through the gateway becomes a row of the ledger, and the stream is empty at the end', async t => {
  const gateway = await startGateway(t)
  const key = await gateway.client({ name: 'frontend' })
  const response = await gateway.post('/v1/messages', key, prompt)
  const id = response.headers.get('request-id')
  const line = await gateway.line(id)
  const { scopes, differences } = await gateway.app.ledger.verify()
  assert.deepEqual([scopes, differences], [2, []])
  await gateway.stop()
  const pool = openPool(t, gateway.databaseUrl)
  const { rows } = await pool.query('select id, client, outcome, cost_nanos from calls')
  const costNanos = String(Math.round(Number(line.costUsd) * 1e9))
  assert.deepEqual(rows, [{ id, client: 'frontend', outcome: 'ok', cost_nanos: costNanos }])
})

test('refusals are counted and written at the latest when the gateway stops', async t => {
  const gateway = await startGateway(t)
  await gateway.client({ name: 'frontend' })
  for (let i = 0; i < 3; i++) await gateway.post('/v1/messages', undefined, prompt)
  await until(async () => gateway.calls().length === 3)
  await gateway.stop()
  const pool = openPool(t, gateway.databaseUrl)
  const [row, ...others] = await readRefusals(pool, '2000-01-01', '2100-01-01', 10)
  assert.deepEqual(
    [row?.client, row?.reason, row?.count, row?.samples.length, others],
    [null, 'missing_key', 3, 3, []],
  )
  assert.deepEqual((await pool.query('select from calls')).rows, [])
})
