/** src/pricing/public.json: it is what the pinned list says, it never costs less, and it names no model of the built-in table. */

import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, it } from 'node:test'
import { calcPrice } from '@pydantic/genai-prices'
import { publicText } from '../../scripts/public-prices/text.ts'
import { costNanos } from '../../src/pricing/cost.ts'
import { check, refuseContradictions } from '../../src/pricing/faults.ts'
import { type PriceFile, priceFile } from '../../src/pricing/file.ts'
import { publicFile } from '../../src/pricing/public.ts'
import { scaled } from '../../src/pricing/ratio.ts'
import { readPrices } from '../../src/pricing/read.ts'
import { table as builtin, part, today } from './usage.ts'

const { models, hosts } = publicFile()
const plain = readPrices(undefined)

/** The list's provider for each type of upstream. */
const sellers = {
  gemini: 'google',
  vertex: 'google',
  mistral: 'mistral',
  deepseek: 'deepseek',
  xai: 'x-ai',
  groq: 'groq',
  together: 'together',
  fireworks: 'fireworks',
  openrouter: 'openrouter',
  bedrock: 'aws',
}

describe('the file of the public list', () => {
  it('is what npm run prices:public writes', () => {
    const committed = readFileSync(join(import.meta.dirname, '../../src/pricing/public.json'), 'utf8')

    assert.equal(committed, publicText())
  })

  it('matches the schema of a price file, and nothing in it contradicts itself', () => {
    for (const rows of [{}, ...Object.values(hosts)]) {
      const priced = Object.entries(rows).map(([id, prices]) => [id, { ...models[id], prices }])
      const file: PriceFile = check(priceFile, { models: { ...models, ...Object.fromEntries(priced) } })
      refuseContradictions(file, {})
    }
  })

  it('has no name of a built-in model, so that none is found by two prices', () => {
    for (const [id, { aliases = [] }] of Object.entries(models))
      for (const name of [id, ...aliases]) assert.equal(builtin.findServed(name, today), undefined, name)
  })

  it('has plausible prices and limits: nothing is free, and a cache read costs at most as much as input', () => {
    const rows = [models, ...Object.values(hosts)].flatMap(Object.entries)
    for (const [id, one] of rows)
      for (const row of Array.isArray(one) ? one : one.prices) {
        const price = (usd = '0') => scaled(usd, 6)
        assert.ok(price(row.in) > 0n && price(row.in) < price('100'), `${id}: in ${row.in}`)
        assert.ok(
          price(row.out) < price('200') && price(row.read) <= price(row.in),
          `${id}: ${row.out}, ${row.read}`,
        )
      }
    for (const [id, { kind, maxInput, maxOutput, contextWindow }] of Object.entries(models)) {
      assert.ok(maxInput >= 4000 && maxInput <= contextWindow, `${id}: ${maxInput}`)
      assert.equal(maxOutput > 0, kind === 'chat', id)
    }
  })

  it('names the page of the provider and the list as the source of each row', () => {
    for (const { prices } of Object.values(models))
      for (const { source } of prices)
        assert.match(source, /^(the highest of )?https:\/\/.+; as in @pydantic\/genai-prices \d+\.\d+\.\d+$/)
  })
})

describe('a call at a provider of the list', () => {
  const usages = {
    short: { input: 1234, output: 567 },
    read: { input: 1000, cacheRead: 54_321, output: 10 },
    long: { input: 300_000, output: 11 },
    'long read': { input: 1000, cacheRead: 299_000, output: 11 },
  }

  /** Names of which the list says another model: scripts/public-prices/known-faults.ts. */
  const renamed = ['deepseek-chat', 'deepseek-reasoner', 'mistral-large-latest']

  for (const [type, provider] of Object.entries(sellers))
    it(`costs at ${type} what the list says, or more where it has no hour or no discount`, () => {
      const table = readPrices(undefined, undefined, type)
      const compared = table.list(today).flatMap(({ id, price }) => {
        const isListed = price.origins.in === 'public' && price.row.source.includes(urlOf(provider))
        if (!isListed || price.kind === 'embedding' || renamed.includes(id)) return []
        return Object.entries(usages).flatMap(([shape, usage]) => {
          const theirs = theirNanos(provider, id, usage)
          const ours = costNanos(table, [part(id, usage)], today)
          assert.ok('nanos' in ours)
          if (theirs === undefined) return []
          const highest = costNanos(plain, [part(id, usage)], today)
          assert.ok('nanos' in highest && highest.nanos >= ours.nanos, `${id}: ${shape} in the plain table`)
          return [{ name: `${id}: ${shape}`, ours: ours.nanos, theirs }]
        })
      })

      assert.ok(compared.length >= 8, `${compared.length} prices`)
      for (const { name, ours, theirs } of compared)
        assert.ok(ours >= theirs - 1, `${name}: ${ours} < ${theirs}`)
    })
})

function urlOf(provider: string): string {
  const domains: Record<string, string> = { 'x-ai': 'x.ai', aws: 'aws.amazon.com', google: 'ai.google.dev' }
  return domains[provider] ?? provider
}

function theirNanos(
  providerId: string,
  id: string,
  used: { input: number; cacheRead?: number; output: number },
) {
  const { input, cacheRead = 0, output } = used
  const usage = { input_tokens: input + cacheRead, cache_read_tokens: cacheRead, output_tokens: output }
  const price = calcPrice(usage, id, { providerId, timestamp: today })
  return price ? Math.round(price.total_price * 1e9) : undefined
}
