/** The price tables of upstreams, and a file that changes under them. */

import assert from 'node:assert/strict'
import { utimes, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import Fastify from 'fastify'
import prices from '../../src/plugins/prices.ts'
import { until } from '../until.ts'
import { temporaryFolder } from '../when-over.ts'

const today = new Date('2026-11-23T12:00:00Z')
const own = { models: { 'gemini-2.5-pro': { in: '0.5' } } }

async function open(t: TestContext, models: object) {
  const file = join(await temporaryFolder(t), 'prices.json')
  await writeFile(file, JSON.stringify({ models }))
  const app = Fastify()
  t.after(() => app.close())
  await app.register(prices, { file })
  const change = async (next: object) => {
    await writeFile(file, JSON.stringify({ models: next }))
    await utimes(file, new Date(), new Date(Date.now() + 5000))
  }
  return { app, change }
}

test('each upstream has one table, until the file changes', async t => {
  const { app, change } = await open(t, {})
  const outOf = () => app.prices.forUpstream(own, 'gemini').find('gemini-2.5-pro', today)?.row.out
  const before = app.prices.forUpstream(own, 'gemini')
  const { table } = app.prices

  await change({ 'gemini-2.5-pro': { out: '9' } })
  await until(async () => app.prices.table !== table)

  assert.equal(before.find('gemini-2.5-pro', today)?.row.out, '10')
  assert.equal(outOf(), '9')
  assert.equal(app.prices.forUpstream(own, 'gemini'), app.prices.forUpstream(own, 'gemini'))
  assert.notEqual(app.prices.forUpstream(own, 'gemini').version, app.prices.table.version)
  assert.equal(app.prices.forUpstream(undefined), app.prices.table)
})

test('a file that contradicts the prices of an upstream leaves its table in force, and is a fault', async t => {
  const { app, change } = await open(t, {})
  const whole = { in: '1', out: '1', maxInput: 10, maxOutput: 10 }
  const alias = { models: { mine: { ...whole, aliases: ['theirs'] } } }
  const before = app.prices.forUpstream(alias)
  const { table } = app.prices

  await change({ theirs: whole })
  await until(async () => app.prices.table !== table)

  assert.equal(app.prices.forUpstream(alias), before)
  assert.match(app.prices.fault ?? '', /theirs/)
})
