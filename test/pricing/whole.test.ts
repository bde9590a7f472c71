/** Money is computed with numbers where they are exact, and with bigints above. Both must be the same as bigints alone. */

import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { boundNanos, type Priceable } from '../../src/pricing/bound.ts'
import { costNanos } from '../../src/pricing/cost.ts'
import { multiplied } from '../../src/pricing/file.ts'
import { MAX_NANOS } from '../../src/pricing/money.ts'
import type { Price } from '../../src/pricing/price.ts'
import { ratioOf } from '../../src/pricing/ratio.ts'
import { dividedUp, plus, times, type Whole } from '../../src/pricing/whole.ts'
import { ask, part, table, today } from './usage.ts'

/** Often near the largest exact number, or near its square root. */
const wholes = fc
  .oneof(
    fc.bigInt(0n, 2n ** 20n),
    fc.bigInt(2n ** 26n, 2n ** 27n),
    fc.bigInt(2n ** 53n - 3n, 2n ** 53n + 3n),
    fc.bigInt(0n, 2n ** 80n),
  )
  .map((exact): { exact: bigint; whole: Whole } => ({
    exact,
    whole: exact <= Number.MAX_SAFE_INTEGER ? Number(exact) : exact,
  }))

describe('exact arithmetic', () => {
  it('is that of bigints', () => {
    fc.assert(
      fc.property(wholes, wholes, (a, b) => {
        assert.equal(BigInt(plus(a.whole, b.whole)), a.exact + b.exact)
        assert.equal(BigInt(times(a.whole, b.whole)), a.exact * b.exact)
        if (b.exact > 0n)
          assert.equal(BigInt(dividedUp(a.whole, b.whole)), (a.exact + b.exact - 1n) / b.exact)
      }),
      { seed: 11, numRuns: 20_000 },
    )
  })

  it('refuses what is not a whole number', () => {
    for (const wrong of [Number.NaN, Number.POSITIVE_INFINITY, 0.5]) {
      assert.throws(() => plus(wrong, 1), RangeError)
      assert.throws(() => times(wrong, 3), RangeError)
    }
  })
})

describe('a multiplier', () => {
  it('is reduced to lowest terms', () => {
    assert.deepEqual(ratioOf('1.1'), { num: 11, den: 10 })
    assert.deepEqual(ratioOf('10/6'), { num: 5, den: 3 })
    assert.deepEqual(ratioOf('0'), { num: 0, den: 1 })
  })
})

const prices = table.list(today)
/** Small counts, and counts whose cost is above 2^53 pico-dollars, with and without its multipliers. */
const counts = fc.oneof(fc.nat(1000), fc.nat(2_000_000), fc.nat(2 ** 31 - 1), fc.maxSafeNat())
const names = fc.constantFrom(...prices).chain(({ id, price }) => {
  const [tier, speed, geo] = multiplied.map(what =>
    fc.constantFrom(undefined, ...price.multipliers[what].keys()),
  )
  return fc.record({ id: fc.constant(id), price: fc.constant(price), tier: tier!, speed: speed!, geo: geo! })
})

describe('the cost of any usage', () => {
  it('is that of bigints', () => {
    fc.assert(
      fc.property(names, counts, counts, counts, (named, input, output, read) => {
        const { id, price, ...served } = named
        const cacheRead = price.bands[0]!.rates.read === undefined ? 0 : read
        const used = part(id, { ...served, input, output, cacheRead })
        const band = price.bands.findLast(({ from }) => input + cacheRead >= from)!
        const tokens: [number, number | undefined][] = [
          [input, band.rates.in],
          [output, band.rates.out],
          [cacheRead, band.rates.read],
        ]
        const pico = tokens.reduce((sum, [count, rate = 0]) => sum + BigInt(count) * BigInt(rate), 0n)
        const nanos = nanosOf(pico, price, served, false)
        const expected = nanos > MAX_NANOS ? { unpriced: 'usage beyond counting' } : { nanos: Number(nanos) }
        assert.deepEqual(costNanos(table, [used], today), expected)
      }),
      { seed: 12, numRuns: 10_000 },
    )
  })
})

describe('the bound of any request', () => {
  it('is that of bigints', () => {
    const request = fc.record({
      inputBound: fc.oneof(counts, fc.constant(Number.POSITIVE_INFINITY)),
      maxOutputTokens: fc.option(counts, { nil: undefined }),
      completions: fc.oneof(fc.constant(1), counts),
      predicted: fc.oneof(fc.constant(0), counts),
      hasOutput: fc.boolean(),
      cacheWrite: fc.constantFrom('none', '5m', '1h', 'other'),
      runs: fc.option(counts, { nil: undefined }),
    })
    fc.assert(
      fc.property(names, request, ({ price, tier, speed, geo }, { runs, ...asked }) => {
        const uses = runs === undefined ? {} : { uses: { most: runs, tool: 'web_search' } }
        const unbounded = [{ feature: 'web_search', allowedBy: 'server_tools' as const, ...uses }]
        const parsed = ask({ ...asked, tier, speed, geo, unbounded })
        assert.equal(boundNanos(price, parsed), expectedBound(price, parsed, runs ?? 0))
      }),
      { seed: 13, numRuns: 10_000 },
    )
  })
})

function expectedBound(price: Price, asked: Priceable, runs: number): number {
  const most = Math.min(asked.inputBound, price.maxInput)
  const perCompletion =
    BigInt(Math.min(asked.maxOutputTokens ?? price.maxOutput, price.contextWindow)) + BigInt(asked.predicted)
  const output = asked.hasOutput ? BigInt(asked.completions) * perCompletion : 0n
  const costs = price.bands
    .filter(({ from }) => from <= most)
    .map(({ upTo, rates, mostExpensiveInput }) => {
      const each = BigInt(mostExpensiveInput[asked.cacheWrite])
      const run = BigInt(price.fees.get('web_search') ?? 0) + BigInt(price.maxInput) * each
      return BigInt(Math.min(most, upTo)) * each + output * BigInt(rates.out) + BigInt(runs) * run
    })
  const pico = costs.reduce((highest, cost) => (cost > highest ? cost : highest), 0n)
  const nanos = nanosOf(pico, price, asked, true)
  return nanos > MAX_NANOS ? MAX_NANOS : Number(nanos)
}

/** `atLeastOne`: a multiplier below 1 counts as 1. */
function nanosOf(
  pico: bigint,
  price: Price,
  named: Pick<Priceable, (typeof multiplied)[number]>,
  atLeastOne: boolean,
): bigint {
  let [num, den] = [pico, 1000n]
  for (const what of multiplied) {
    const { num: above, den: below } = price.multipliers[what].get(named[what] ?? 'auto')!
    if (atLeastOne && above < below) continue
    num *= BigInt(above)
    den *= BigInt(below)
  }
  return (num + den - 1n) / den
}
