/** The highest output rate of a response, which bounds the cost of a running call so far. */

import assert from 'node:assert/strict'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { describe, it, type TestContext } from 'node:test'
import { outputRate } from '../../src/pricing/bound.ts'
import { builtin } from '../../src/pricing/builtin.ts'
import { check } from '../../src/pricing/faults.ts'
import { priceFile } from '../../src/pricing/file.ts'
import type { PriceTable } from '../../src/pricing/price.ts'
import { readPrices } from '../../src/pricing/read.ts'
import { loadPrices } from '../../src/pricing/table.ts'
import { table, today } from './usage.ts'

/** They run several samples at once, so that time does not bound their output. */
const parallel = ['gpt-5-pro', 'gpt-5.2-pro', 'gpt-5.4-pro', 'gpt-5.5-pro', 'o3-pro']
/** Tiers that are cheaper than the standard one and not faster. */
const noFaster = ['batch', 'flex']

const models = Object.entries(check(priceFile, builtin).models)

const row = { in: '1', out: '2', source: 'this test', checked: '2026-11-23' }
const limits = { contextWindow: 1000, maxInput: 1000, maxOutput: 100, limitsFrom: 'this test' }
const entry = { maker: 'openai', kind: 'chat', hidesOutput: false, ...limits, prices: [row] }

function rateOf(model: string, asked: { tier?: string; speed?: string } = {}, prices: PriceTable = table) {
  const price = prices.find(model, today)
  assert.ok(price, model)
  return outputRate(price, { tier: undefined, speed: undefined, ...asked })
}

describe('the built-in output rates', () => {
  it('exist for every chat model except those that reason in parallel, with a source and a day', () => {
    const without = models.filter(([, model]) => model.maxOutputTokensPerSecond === undefined)
    const expected = models.filter(([id, { kind }]) => kind === 'embedding' || parallel.includes(id))
    assert.deepEqual(without, expected)
    for (const [id, { maxOutputTokensPerSecond: rate, speedFrom }] of models) {
      if (rate === undefined) continue
      assert.ok(rate >= 200 && rate <= 1200, `${id}: ${rate} tokens a second`)
      assert.match(speedFrom ?? '', /\d+.*, read \d{4}-\d{2}-\d{2}$/, id)
    }
  })

  it('are higher for every tier and speed that is sold as faster', () => {
    for (const [id, { maxOutputTokensPerSecond: rate, fasterOutput = {}, prices }] of models) {
      const named = prices.flatMap(({ tiers = {}, speeds = {} }) => [
        ...Object.keys(tiers),
        ...Object.keys(speeds),
      ])
      const faster = new Set(named.filter(name => !noFaster.includes(name)))
      assert.deepEqual(new Set(Object.keys(fasterOutput)), faster, id)
      for (const name of faster) assert.ok(fasterOutput[name]! > (rate ?? Infinity), `${id}: ${name}`)
    }
  })
})

describe('the output rate of a call', () => {
  it('is the rate of the requested tier or speed', () => {
    assert.equal(rateOf('gpt-6.1-sol'), 400)
    assert.equal(rateOf('gpt-6.1-sol', { tier: 'flex' }), 400)
    assert.equal(rateOf('gpt-6.1-sol', { tier: 'priority' }), 1000)
    assert.equal(rateOf('gpt-6.1-sol', { tier: 'ultrafast' }), 2500)
    assert.equal(rateOf('claude-opus-5-5', { speed: 'fast' }), 1500)
    assert.equal(rateOf('gpt-5.5-pro'), undefined)
  })

  it('is the rate of the account’s default tier or speed if it is higher', () => {
    const account = loadPrices(builtin, {
      defaults: { openai: { tier: 'priority' }, anthropic: { speed: 'fast' } },
    })
    assert.equal(rateOf('gpt-6.1-sol', {}, account), 1000)
    assert.equal(rateOf('gpt-6.1-sol', { tier: 'flex' }, account), 1000)
    assert.equal(rateOf('gpt-6.1-sol', { tier: 'ultrafast' }, account), 2500)
    assert.equal(rateOf('claude-opus-5-5', {}, account), 1500)
    assert.equal(rateOf('claude-haiku-4-5', {}, account), 700)
    assert.equal(rateOf('gpt-5-nano', {}, account), 900)
  })

  it('is unbounded on a more expensive tier without a figure', () => {
    const prices = [{ ...row, tiers: { turbo: '3', flex: '0.5' } }]
    const own = loadPrices(builtin, { models: { house: { ...entry, maxOutputTokensPerSecond: 90, prices } } })
    assert.equal(rateOf('house', {}, own), 90)
    assert.equal(rateOf('house', { tier: 'flex' }, own), 90)
    assert.equal(rateOf('house', { tier: 'turbo' }, own), undefined)
  })
})

describe('an operator’s own output rates', () => {
  it('replace the built-in ones', async t => {
    const file = await written(t, {
      'gpt-6-luna': { maxOutputTokensPerSecond: 5000, fasterOutput: { fast: 9000, priority: 9000 } },
    })
    const own = readPrices(file)
    assert.equal(rateOf('gpt-6-luna', {}, own), 5000)
    assert.equal(rateOf('gpt-6-luna', { tier: 'fast' }, own), 9000)
    assert.equal(rateOf('gpt-6-sol', {}, own), rateOf('gpt-6-sol'))
  })

  it('are refused if they are invalid, with the place, the found and the expected value', async t => {
    const wrong = await written(t, {
      'gpt-6-luna': { maxOutputTokensPerSecond: 0, fasterOutput: { fast: 'very' } },
    })
    const unknown = await written(t, { 'claude-opus-5-5': { fasterOutput: { fats: 1000 } } })
    const expected = 'expected a whole number of tokens a second, 1 or more'
    assert.throws(() => readPrices(wrong), {
      message: [
        `PRICES_FILE: in "${wrong}", /models/gpt-6-luna/maxOutputTokensPerSecond: found 0, ${expected}. Correct the file.`,
        `PRICES_FILE: in "${wrong}", /models/gpt-6-luna/fasterOutput/fast: found "very", ${expected}. Correct the file.`,
      ].join('\n'),
    })
    assert.throws(() => readPrices(unknown), {
      message: `PRICES_FILE: in "${unknown}", /models/claude-opus-5-5/fasterOutput: found fats, expected one of batch, fast. Correct the file.`,
    })
  })
})

async function written(t: TestContext, patch: object): Promise<string> {
  const file = join(await mkdtemp(join(tmpdir(), 'prices-')), 'prices.json')
  t.after(() => rm(dirname(file), { recursive: true }))
  await writeFile(file, JSON.stringify({ models: patch }))
  return file
}
