/** The order of prices: public list, built-in table, PRICES_FILE, an upstream's own rows, its multiplier. */

import assert from 'node:assert/strict'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type TestContext, test } from 'node:test'
import { costNanos, knownParts } from '../../src/pricing/cost.ts'
import { openPrices, readPrices, upstreamTable } from '../../src/pricing/read.ts'
import { temporaryFolder } from '../when-over.ts'
import { table as builtin, part, today } from './usage.ts'

const gemini = 'gemini-2.5-pro'

async function priceFile(t: TestContext, models: object): Promise<string> {
  const file = join(await temporaryFolder(t), 'prices.json')
  await writeFile(file, JSON.stringify({ models }))
  return file
}

test('a model of another maker has the price of the public list, and says so', () => {
  const price = readPrices(undefined, undefined, 'gemini').find(gemini, today)

  assert.ok(price)
  assert.deepEqual(
    [price.maker, price.maxInput, price.maxOutput, price.hidesOutput],
    ['google', 1_048_576, 65_536, true],
  )
  assert.deepEqual([price.row.in, price.row.out, price.row.read], ['1.25', '10', '0.125'])
  assert.deepEqual(
    price.bands.map(({ from, rates }) => [from, rates.in, rates.out, rates.read]),
    [
      [0, 1_250_000, 10_000_000, 125_000],
      [200_001, 2_500_000, 15_000_000, 250_000],
    ],
  )
  assert.equal(price.origins.in, 'public')
  assert.match(price.row.source, /^https:\/\/ai\.google\.dev\/.*@pydantic\/genai-prices/)
})

test('a price that starts later is in force from its day', () => {
  const table = readPrices(undefined, undefined, 'gemini')
  const inOn = (day: string) => table.find('gemini-3.8-flash', new Date(day))?.row.in

  assert.deepEqual([inOn('2026-12-31T23:59:59Z'), inOn('2027-01-01T00:00:00Z')], ['0.75', '1.5'])
})

test('a model has each provider’s price at its upstreams, and the highest one elsewhere', () => {
  const outAt = (type?: string) =>
    readPrices(undefined, undefined, type).find('deepseek-v4-pro', today)?.row.out

  assert.deepEqual(
    [outAt('deepseek'), outAt('fireworks'), outAt('openrouter'), outAt(), outAt('openai-compatible')],
    ['3.96', '3.48', '0.87', '3.96', '3.96'],
  )
})

test('the built-in table comes before the public list', () => {
  const table = readPrices(undefined)

  for (const { id, price } of builtin.list(today)) {
    assert.deepEqual(table.find(id, today), price)
    assert.equal(price.origins.in, 'built-in')
  }
})

test('own rows come before the list, and an upstream’s before those of the file', async t => {
  const file = await priceFile(t, { [gemini]: { in: '1', out: '9' } })
  const plain = readPrices(file, undefined, 'gemini').find(gemini, today)
  const own = readPrices(file, { models: { [gemini]: { in: '0.5' } } }, 'gemini').find(gemini, today)

  assert.deepEqual([plain?.row.in, plain?.row.out, plain?.row.read], ['1', '9', '0.1'])
  assert.deepEqual([own?.row.in, own?.row.out, own?.row.read], ['0.5', '9', '0.05'])
  assert.deepEqual(own?.row.above, [{ tokens: 200_000, in: '1', out: '13.5', read: '0.1', write: '1' }])
  assert.deepEqual(
    [own?.origins.in, own?.origins.out, own?.origins.read],
    ['override', 'override', 'derived'],
  )
})

test('a whole model of the operator replaces one of the list, as if the list did not have it', async t => {
  const whole = { in: '2', out: '3', maxInput: 1000, maxOutput: 100 }
  const file = await priceFile(t, { [gemini]: whole, mine: { ...whole, aliases: ['kimi-k3'] } })
  const table = readPrices(file)

  const [replaced, alias] = [gemini, 'kimi-k3'].map(name => table.find(name, today))

  assert.deepEqual([replaced?.maker, replaced?.row.read, replaced?.maxOutput], ['openai', '2', 100])
  assert.deepEqual(replaced?.bands.length, 1)
  assert.equal(alias?.model, 'mine')
  assert.equal(table.findServed(`google/${gemini}`, today)?.row.in, '2')
})

test('the operator’s price of the requested model comes before the list’s price of the served one', async t => {
  const file = await priceFile(t, { mine: { in: '2', out: '3', maxInput: 1000, maxOutput: 100 } })
  const table = readPrices(file)
  const served = [part('kimi-k3', { input: 10 })]

  assert.deepEqual(knownParts(table, served, 'mine', today).parts, [part('mine', { input: 10 })])
  assert.deepEqual(knownParts(table, served, gemini, today).parts, served)
})

test('a multiplier changes every token price and fee exactly, rounded up, and the version', () => {
  const plain = readPrices(undefined)
  const table = readPrices(undefined, { multiplier: '5/3' })
  const [was, is] = [plain, table].map(one => one.find('claude-haiku-5-5', today))

  assert.ok(was && is)
  assert.deepEqual([was.row.in, is.row.in], ['0.10', '0.166667'])
  assert.deepEqual([was.bands[1]?.rates.out, is.bands[1]?.rates.out], [2_500_000, 4_166_667])
  assert.deepEqual([was.fees.get('web_search'), is.fees.get('web_search')], [1e10, 16_666_667_000])
  assert.deepEqual([table.multiplier, plain.multiplier], ['5/3', undefined])
  assert.notEqual(table.version, plain.version)
  assert.equal(table.find('claude-haiku-5-5', today), is)
  assert.equal(table.findServed('anthropic/claude-haiku-5.5', today), is)
  assert.equal(table.list(today).length, plain.list(today).length)
})

test('no multiplied price is below the exact product', () => {
  const plain = readPrices(undefined)
  for (const [multiplier, num, den] of [
    ['1.1', 11n, 10n],
    ['5/3', 5n, 3n],
    ['0.999999', 999_999n, 1_000_000n],
    ['0', 0n, 1n],
  ] as const) {
    const table = readPrices(undefined, { multiplier })
    for (const { id, price } of plain.list(today)) {
      const bands = table.find(id, today)?.bands
      for (const [i, { rates }] of price.bands.entries()) {
        const [exact, ours] = [BigInt(rates.out) * num, BigInt(bands?.[i]?.rates.out ?? -1) * den]
        assert.ok(ours >= exact && ours < exact + den, `${id} x ${multiplier}`)
      }
    }
  }
})

test('a call at a multiplied table costs the multiplied price', () => {
  const usage = [part('gpt-6-luna', { input: 1_000_000, output: 1_000_000 })]

  const [plain, dearer] = [undefined, { multiplier: '1.1' }].map(own =>
    costNanos(readPrices(undefined, own), usage, today),
  )

  assert.ok(plain && dearer && 'nanos' in plain && 'nanos' in dearer)
  assert.equal(dearer.nanos, (plain.nanos * 11) / 10)
})

test('upstreams share what does not differ', () => {
  const layers = openPrices(undefined)('gemini')
  const [plain, own] = [undefined, { models: { [gemini]: { in: '0.5' } } }].map(one =>
    upstreamTable(layers, one),
  )

  assert.equal(upstreamTable(layers), plain)
  assert.equal(own?.find('gpt-6-luna', today), plain?.find('gpt-6-luna', today))
  assert.notEqual(own?.find(gemini, today), plain?.find(gemini, today))
})

test('faulty prices of an upstream are one line per fault, with the place in them', () => {
  const fault = (own: object) => () => readPrices(undefined, own)

  assert.throws(fault({ multiplier: 'twice' }), {
    message: '/multiplier: found "twice", expected a multiplier in a string, such as "0.5" or "5/3"',
  })
  assert.throws(fault({ multiplier: '100000/1' }), {
    message: '/multiplier: found "100000/1", expected a multiplier of at most 1000',
  })
  assert.throws(fault({ models: { unheard: { in: '1' } } }), /^Error: \/models\/unheard\/out: found nothing/)
})
