import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import type { UsagePart } from '../../src/dialects/dialect.ts'
import { boundNanos, maxTokensThatFit, missingPrice, type Priceable } from '../../src/pricing/bound.ts'
import { builtin } from '../../src/pricing/builtin.ts'
import { costNanos } from '../../src/pricing/cost.ts'
import { multiplied } from '../../src/pricing/file.ts'
import { MAX_NANOS, parseUsd } from '../../src/pricing/money.ts'
import type { Price } from '../../src/pricing/price.ts'
import { loadPrices } from '../../src/pricing/table.ts'
import { ask, part, table, today } from './usage.ts'

const priceOf = (model: string) => table.find(model, today) ?? assert.fail(`no price for ${model}`)
const bounds = (usd: number, model: string, given: Partial<Priceable>) =>
  assert.equal(boundNanos(priceOf(model), ask(given)), parseUsd(usd))

describe('the upper bound on a call’s cost', () => {
  it('is the input at its highest price, and the ceiling once per completion', () => {
    bounds(0.005, 'claude-haiku-4-5', { maxOutputTokens: 1000 })
    bounds(0.011, 'claude-haiku-4-5', { inputBound: 1000, maxOutputTokens: 1000, completions: 2 })
    bounds(0.00625, 'claude-haiku-4-5', { inputBound: 1000, maxOutputTokens: 1000, cacheWrite: '5m' })
    bounds(0.007, 'claude-haiku-4-5', { inputBound: 1000, maxOutputTokens: 1000, cacheWrite: '1h' })
    bounds(0.0125, 'gpt-6-sol', { inputBound: 1000, maxOutputTokens: 1000, cacheWrite: 'other' })
  })

  it('includes a cache write if the provider writes unasked, under any name', () => {
    bounds(0.0125, 'gpt-6-sol', { inputBound: 1000, maxOutputTokens: 1000, cacheWrite: 'none' })
    bounds(0.0125, 'gpt-6-sol', { inputBound: 1000, maxOutputTokens: 1000, cacheWrite: '5m' })
    bounds(0.00625, 'claude-haiku-4-5', { inputBound: 1000, maxOutputTokens: 1000, cacheWrite: 'other' })
  })

  it('counts a long cache write as twice the usual one if the model has no price for it', () => {
    bounds(0.015, 'gpt-6-sol', { inputBound: 1000, maxOutputTokens: 1000, cacheWrite: '1h' })
    bounds(0.01, 'gpt-6.1-terra', { inputBound: 2000, maxOutputTokens: 1000, cacheWrite: '1h' })
  })

  it('counts each image as the model’s largest on every route', () => {
    bounds(0.004784, 'claude-haiku-4-5', { images: 1 })
    bounds(0.0375, 'gpt-6-sol', { images: 1 })
    bounds(0.0075, 'gpt-6-sol', { inputBound: 3000 })
    bounds((2 * 48_169 + 1000) * 0.15e-6, 'gpt-4o-mini', { inputBound: 1000, images: 2 })
  })

  it('counts images above the largest input only if the model counts them beside it', () => {
    bounds(0.2, 'claude-haiku-4-5', { images: 100 })
    bounds((128_000 + 10 * 48_169) * 0.15e-6, 'gpt-4o-mini', { inputBound: 1e6, images: 10 })
  })

  it('counts an image of an unknown provider as the largest input', () => {
    const price = loadPrices({ models: { m: model() } }).find('m', today) ?? assert.fail()
    assert.equal(boundNanos(price, ask({ images: 1 })), parseUsd(1.1 / 1.1))
  })

  it('adds a prediction to each completion, because rejected tokens may be charged', () => {
    bounds(0.08 + 0.0008, 'gpt-4.1', { maxOutputTokens: 100, predicted: 10_000 })
    bounds(0.16 + 0.0016, 'gpt-4.1', { maxOutputTokens: 100, predicted: 10_000, completions: 2 })
  })

  it('uses the long rates only if the input can reach them', () => {
    bounds(0.68, 'gpt-6-sol', { inputBound: 272_000 })
    bounds(1.360005, 'gpt-6-sol', { inputBound: 272_001 })
  })

  it('never exceeds the model’s largest input, nor the output that fits its context window', () => {
    bounds(0.2, 'claude-haiku-4-5', { inputBound: Number.POSITIVE_INFINITY })
    bounds(1, 'claude-haiku-4-5', { maxOutputTokens: 1e12 })
  })

  it('includes the model’s largest output without a ceiling, and none if the route has no output', () => {
    bounds(0.32, 'claude-haiku-4-5', { maxOutputTokens: undefined })
    bounds(0.00002, 'text-embedding-3-small', {
      inputBound: 1000,
      maxOutputTokens: undefined,
      hasOutput: false,
    })
  })

  it('multiplies by the requested tier, but at least by one, because a response may fall back to standard', () => {
    bounds(0.04, 'claude-opus-5-5', { maxOutputTokens: 1000, speed: 'fast' })
    bounds(0.044, 'claude-opus-5-5', { maxOutputTokens: 1000, speed: 'fast', geo: 'us' })
    bounds(0.01, 'gpt-6-sol', { maxOutputTokens: 1000, tier: 'flex' })
    bounds(0.02, 'gpt-6-sol', { maxOutputTokens: 1000, tier: 'priority' })
    bounds(0.01, 'gpt-6-sol', { maxOutputTokens: 1000, tier: 'auto' })
  })

  it('counts a tier without a price as the most expensive known tier, and reports it', () => {
    bounds(0.06, 'gpt-6.1-sol', { maxOutputTokens: 1000, tier: 'scale' })
    assert.equal(missingPrice(priceOf('gpt-6.1-sol'), ask({ tier: 'scale' })), 'tier scale of gpt-6.1-sol')
    assert.equal(missingPrice(priceOf('claude-haiku-4-5'), ask({ geo: 'us' })), 'geo us of claude-haiku-4-5')
    assert.equal(missingPrice(priceOf('claude-opus-5-5'), ask({ geo: 'us', tier: 'auto' })), undefined)
  })

  it('reports a requested cache write on a model without a price for it', () => {
    const price = loadPrices({ models: { m: model() } }).find('m', today) ?? assert.fail()
    assert.equal(missingPrice(price, ask({ cacheWrite: '1h' })), 'a cache write of m')
    assert.equal(missingPrice(price, ask({ cacheWrite: '5m' })), 'a cache write of m')
    assert.equal(missingPrice(price, ask({ cacheWrite: 'other' })), undefined)
    assert.equal(missingPrice(priceOf('gpt-6-sol'), ask({ cacheWrite: '1h' })), undefined)
  })

  it('uses the account’s default tier if it is more expensive and the call names none', () => {
    const files = [{ models: { m: model() } }, { defaults: { maker: { tier: 'priority', geo: 'us' } } }]
    const fastTier = loadPrices(files[0], files[1])
    const price = fastTier.find('m', today) ?? assert.fail()
    assert.equal(boundNanos(price, ask({ maxOutputTokens: 1_000_000 })), parseUsd(2.2))
    assert.equal(boundNanos(price, ask({ maxOutputTokens: 1_000_000, tier: 'default' })), parseUsd(1.1))
    assert.deepEqual(costNanos(fastTier, [part('m', { output: 1_000_000 })], today), { nanos: parseUsd(2.2) })
  })

  it('includes the case that a short prompt is more expensive than a long one', () => {
    const cheapWhenLong = [{ tokens: 1000, in: '0.1', out: '0.5' }]
    const price =
      loadPrices({ models: { m: model({ above: cheapWhenLong }) } }).find('m', today) ?? assert.fail()
    assert.equal(boundNanos(price, ask({ inputBound: 1001 })), parseUsd(0.001))
    assert.equal(boundNanos(price, ask({ inputBound: 100_000 })), parseUsd(0.01))
  })

  it('is at most the largest amount that can be counted', () => {
    const completions = Number.MAX_SAFE_INTEGER
    assert.equal(boundNanos(priceOf('o3-pro'), ask({ maxOutputTokens: 1e6, completions })), MAX_NANOS)
  })
})

describe('a request within its bound', () => {
  it('never costs more, with any usage, context tier and served tier', () => {
    const shares = fc.record({
      input: fc.double({ min: 0, max: 1, noNaN: true }),
      output: fc.double({ min: 0, max: 1, noNaN: true }),
      weights: fc.array(fc.nat(9), { minLength: KINDS, maxLength: KINDS }),
      fallsBack: fc.boolean(),
    })
    fc.assert(
      fc.property(request(), shares, ({ price, asked }, share) => {
        const used = usageOf(price, asked, share)
        assert.ok(nanosOf(used, price) <= boundNanos(price, asked), JSON.stringify({ asked, used }))
      }),
      { seed: 5, numRuns: 10_000 },
    )
  })

  it('costs exactly its bound if it uses all of it at the highest price, in the most expensive context tier', () => {
    fc.assert(
      fc.property(request(), ({ price, asked }) => {
        const cheap = (name: string | undefined) => name === 'flex' || name === 'batch'
        fc.pre(!cheap(asked.tier))
        // A short prompt may cost more than a long one, so the input fills each tier.
        const costs = price.bands.flatMap(({ upTo }) =>
          Array.from({ length: KINDS }, (_, kind) => {
            const weights = Array.from({ length: KINDS }, (_, i) => (i === kind ? 1 : 0))
            const share = { input: 1, upTo, output: 1, weights, fallsBack: false }
            return nanosOf(usageOf(price, asked, share), price)
          }),
        )
        assert.equal(Math.max(...costs), boundNanos(price, asked), JSON.stringify(asked))
      }),
      { seed: 6, numRuns: 3000 },
    )
  })
})

describe('the tokens that fit', () => {
  it('are the largest ceiling whose bound is within the remaining money', () => {
    const price = priceOf('claude-haiku-4-5')
    const asked = ask({ inputBound: 1000, maxOutputTokens: 64_000 })
    assert.equal(maxTokensThatFit(price, asked, parseUsd(0.011)), 2000)
    assert.equal(maxTokensThatFit(price, asked, parseUsd(0.001005)), 1)
    assert.equal(maxTokensThatFit(price, asked, parseUsd(0.001004)), undefined)
    assert.equal(maxTokensThatFit(price, asked, 0), undefined)
    assert.equal(maxTokensThatFit(price, asked, parseUsd(1000)), 64_000)
  })

  it('fit, and one more token does not', () => {
    fc.assert(
      fc.property(request(), fc.nat(5_000_000_000), ({ price, asked }, nanos) => {
        fc.pre(asked.hasOutput)
        const bound = (maxOutputTokens: number) => boundNanos(price, { ...asked, maxOutputTokens })
        const fits = maxTokensThatFit(price, asked, nanos)
        if (fits === undefined) return bound(1) > nanos
        return bound(fits) <= nanos && (fits === price.maxOutput || bound(fits + 1) > nanos)
      }),
      { seed: 7, numRuns: 5000 },
    )
  })
})

/** A model of a provider at $1 a million tokens for input and output, with the changes in `row`. */
function model(row: object = {}) {
  const limits = {
    contextWindow: 1_000_000,
    maxInput: 1_000_000,
    maxOutput: 1_000_000,
    limitsFrom: 'this test',
  }
  const rates = { in: '1', out: '1', tiers: { priority: '2' }, geos: { us: '1.1' } }
  const prices = [{ ...rates, source: 'this test', checked: '2026-11-23', ...row }]
  return { maker: 'maker', kind: 'chat', hidesOutput: false, ...limits, prices }
}

/** The built-in prices; the same with changed prices, so that others are derived; and new models with only the needed fields. */
const tables = [
  table,
  ...['0.07', '3.33', '900'].map((usd, i) => loadPrices(builtin, { models: own(usd, i) })),
]

function own(usd: string, i: number) {
  const ids = Object.keys(builtin.models)
  const changed = [{ in: usd }, { in: usd, out: '1.1' }, { in: usd, out: usd, read: '950' }][i]
  const needed = { in: usd, out: '7.77', maxInput: 300_001, maxOutput: 50_000 }
  return {
    ...Object.fromEntries(ids.map(id => [id, changed])),
    ...Object.fromEntries(['hosted-model', 'claude-new-7', 'gpt-8'].map(id => [id, needed])),
    'hosted-long': { ...needed, write1h: '5', above: [{ tokens: 1000, in: '0.01', out: '20' }] },
  }
}

/** Any request for any chat model, naming any tier, speed and place that has a price. */
function request() {
  const prices = tables
    .flatMap(one => one.list(today))
    .flatMap(({ price }) => (price.kind === 'chat' ? [price] : []))
  const sizes = fc.oneof(
    fc.nat(2000),
    fc.nat(400_000),
    fc.nat(2_000_000),
    fc.constant(Number.POSITIVE_INFINITY),
  )
  return fc.constantFrom(...prices).chain(price => {
    const [tier, speed, geo] = multiplied.map(what =>
      fc.constantFrom(undefined, ...price.multipliers[what].keys()),
    )
    return fc.record({
      price: fc.constant(price),
      asked: fc.record({
        inputBound: sizes,
        images: fc.nat(20),
        predicted: fc.nat(20_000),
        unbounded: fc.constant([]),
        completions: fc.integer({ min: 1, max: 4 }),
        maxOutputTokens: fc.option(fc.nat(150_000), { nil: undefined }),
        hasOutput: fc.constant(true),
        cacheWrite: fc.constantFrom('none', '5m', '1h', 'other'),
        tier: tier!,
        speed: speed!,
        geo: geo!,
      }),
    })
  })
}

const writesOf = {
  none: [],
  '5m': ['cacheWrite5m', 'cacheWriteOther'],
  '1h': ['cacheWrite5m', 'cacheWriteOther', 'cacheWrite1h'],
  other: ['cacheWrite5m', 'cacheWriteOther'],
} as const satisfies Record<Priceable['cacheWrite'], (keyof UsagePart)[]>

/** Uncached, read, and three kinds of writes. */
const KINDS = 5

/** Usage that a request allows: shares of its most, the input spread by weight over the kinds it can cause. */
function usageOf(
  price: Price,
  asked: Priceable,
  share: { input: number; upTo?: number; output: number; weights: number[]; fallsBack: boolean },
): UsagePart {
  const pictures = asked.images * price.imageTokens
  const most = price.imagesBesideInput
    ? Math.min(asked.inputBound, price.maxInput) + pictures
    : Math.min(asked.inputBound + pictures, price.maxInput)
  const total = Math.min(Math.floor(most * share.input), share.upTo ?? most)
  const maxOutputTokens =
    Math.min(asked.maxOutputTokens ?? price.maxOutput, price.contextWindow) + asked.predicted
  // OpenAI writes to the cache unasked. A response may report writes under the name of either provider.
  const writes =
    price.maker === 'openai' && asked.cacheWrite === 'none' ? writesOf.other : writesOf[asked.cacheWrite]
  const kinds = ['input', 'cacheRead', ...writes] as const
  const weight = kinds.reduce((sum, _, i) => sum + share.weights[i]!, 0)
  const counts: Partial<UsagePart> = {}
  let left = total
  kinds.forEach((kind, i) => {
    const tokens = weight === 0 ? 0 : Math.min(left, Math.floor((total * share.weights[i]!) / weight))
    left -= tokens
    counts[kind] = tokens
  })
  const { tier, speed, geo } = asked
  return part(price.model, {
    ...counts,
    input: (counts.input ?? 0) + left,
    output: Math.floor(maxOutputTokens * asked.completions * share.output),
    ...(share.fallsBack ? {} : { tier, speed, geo }),
  })
}

function nanosOf(used: UsagePart, price: Price): number {
  const found = costNanos(tables.find(one => one.find(price.model, today) === price)!, [used], today)
  return 'nanos' in found ? found.nanos : assert.fail(JSON.stringify(found))
}
