import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  addNanos,
  formatUsd,
  formatUsdPlain,
  MAX_NANOS,
  nanosToUsd,
  parseDecimal,
  parseUsd,
  writeUsd,
} from '../../src/pricing/money.ts'

describe('an amount in settings', () => {
  it('is read exactly, as a number or as a decimal string', () => {
    const amounts: [unknown, number][] = [
      [0, 0],
      [5, 5_000_000_000],
      [0.1, 100_000_000],
      [0.3, 300_000_000],
      [1e-9, 1],
      [5e-7, 500],
      ['0.000000001', 1],
      ['0.2500000000000', 250_000_000],
      ['9007199.254740991', MAX_NANOS],
    ]
    for (const [written, nanos] of amounts) assert.equal(parseUsd(written), nanos, String(written))
  })

  it('is refused with what was found and what is expected', () => {
    const refused: [unknown, RegExp][] = [
      [Number.NaN, /^found NaN, expected a number of US dollars/],
      [Number.POSITIVE_INFINITY, /^found Infinity, expected a number of US dollars/],
      ['ten', /^found "ten", expected a number of US dollars/],
      ['', /^found "", expected a number/],
      [' 5', /^found " 5", expected a number/],
      ['$5', /^found "\$5", expected a number/],
      ['1,000', /expected a number/],
      [null, /^found null, expected a number/],
      [undefined, /^found nothing, expected a number/],
      [{}, /^found \{\}, expected a number/],
      [-1, /^found -1, expected an amount of 0 US dollars or more/],
      ['-0.5', /^found "-0.5", expected an amount of 0/],
      [1e-10, /^found 1e-10, expected at most 9 decimals/],
      ['0.1234567891', /expected at most 9 decimals/],
      [0.1 + 0.2, /^found 0.30000000000000004, expected at most 9 decimals/],
      ['9007199.254740992', /expected at most \$9007199\.254740991: .*2\^53/],
      [1e21, /^found 1e\+21, expected at most \$9007199/],
    ]
    for (const [written, message] of refused) {
      assert.throws(() => parseUsd(written), { name: 'RangeError', message })
    }
  })
})

describe('an amount in a sentence', () => {
  it('has commas and cents, and below a dollar two significant digits', () => {
    const written = [0, 1, 1234, 34_200_000, 999_999_999, 1_234_500_000_000, MAX_NANOS].map(nanos =>
      writeUsd(nanos),
    )
    const expected = ['$0.00', '$0.000000001', '$0.0000012', '$0.034', '$1.00', '$1,234.50', '$9,007,199.25']
    assert.deepEqual(written, expected)
    assert.equal(writeUsd(-1_234_500_000_000), '-$1,234.50')
  })

  it('is exact if rounding would make it look equal to the compared amount', () => {
    const pair = (a: number, b: number) => [writeUsd(a, b), writeUsd(b, a)]
    assert.deepEqual(pair(4_997_300_000, 5_000_000_000), ['$4.9973', '$5.00'])
    assert.deepEqual(pair(1_500_000_000_001, 1_500_000_000_000), ['$1,500.000000001', '$1,500.00'])
    assert.deepEqual(pair(5_000_000_000, 5_000_000_000), ['$5.00', '$5.00'])
  })
})

describe('a formatted amount', () => {
  it('is exact and without an exponent', () => {
    assert.equal(formatUsd(3_500_000), '$0.0035')
    assert.equal(formatUsd(5_000_000_000), '$5.00')
    assert.equal(formatUsd(0), '$0.00')
    assert.equal(formatUsd(-3_500_000), '-$0.0035')
    assert.equal(formatUsd(MAX_NANOS), '$9007199.254740991')
    assert.equal(formatUsdPlain(1), '0.000000001')
    assert.equal(formatUsdPlain(5_000_000_000), '5')
    assert.equal(formatUsdPlain(0), '0')
    assert.equal(formatUsdPlain(-1_500_000_000), '-1.5')
  })

  it('reads back as the same amount, as text and, up to $8.3 million, as a JSON number', () => {
    fc.assert(
      fc.property(fc.nat(MAX_NANOS), nanos => parseUsd(formatUsdPlain(nanos)) === nanos),
      { seed: 1, numRuns: 2000 },
    )
    fc.assert(
      fc.property(
        fc.nat(8_300_000 * 1e9),
        nanos => parseUsd(JSON.parse(JSON.stringify(nanosToUsd(nanos)))) === nanos,
      ),
      { seed: 2, numRuns: 2000 },
    )
  })
})

describe('a decimal number', () => {
  it('is scaled without floating point arithmetic', () => {
    assert.equal(parseDecimal('0.125', 6), 125_000n)
    assert.equal(parseDecimal('1e+3', 0), 1000n)
    assert.equal(parseDecimal('0.10', 1), 1n)
    assert.equal(parseDecimal('0.11', 1), undefined)
    assert.equal(parseDecimal('0.05', 0), undefined)
    assert.equal(parseDecimal('-1', 6), undefined)
    assert.equal(parseDecimal('1.', 6), undefined)
    assert.equal(parseDecimal('.5', 6), undefined)
  })
})

describe('the sum of two amounts', () => {
  it('is refused if it is not exact to the nano-dollar', () => {
    assert.equal(addNanos(1, 2), 3)
    assert.equal(addNanos(MAX_NANOS, 0), MAX_NANOS)
    assert.throws(() => addNanos(MAX_NANOS, 1), { name: 'RangeError', message: /cannot be counted exactly/ })
  })
})
