/** Parses, formats and adds money in whole nano-dollars (1e-9 US dollars). No other module computes with dollars. */

/** The largest amount: 2^53 - 1 nano-dollars, $9.0 million. Redis scripts count in doubles, which are exact up to this amount. */
export const MAX_NANOS = Number.MAX_SAFE_INTEGER

const DECIMALS = 9
/** A dollar. */
const ONE = 10 ** DECIMALS
const DECIMAL = /^(\d+)(?:\.(\d+))?(?:e([+-]\d+))?$/

/**
 * Returns a decimal number times 10^places. Returns undefined if the text is not an unsigned decimal or has more places.
 * `parseDecimal('0.125', 6)` is 125000n.
 */
export function parseDecimal(text: string, places: number): bigint | undefined {
  const [, whole, fraction = '', exponent = '0'] = DECIMAL.exec(text) ?? []
  if (whole === undefined) return undefined
  const digits = whole + fraction
  const shift = places - fraction.length + Number(exponent)
  if (shift >= 0) return BigInt(digits) * 10n ** BigInt(shift)
  const cut = Math.max(0, digits.length + shift)
  return /^0*$/.test(digits.slice(cut)) ? BigInt(digits.slice(0, cut)) : undefined
}

/** Parses an amount of a setting: a number, or a decimal in a string. Returns nano-dollars. Throws a RangeError with the found and expected values. */
export function parseUsd(value: unknown): number {
  const text = typeof value === 'number' ? String(value) : value
  const wrong = (expected: string) => {
    const found = typeof value === 'number' ? String(value) : (JSON.stringify(value) ?? 'nothing')
    return new RangeError(`found ${found}, expected ${expected}`)
  }
  if (typeof text !== 'string') throw wrong('a number of US dollars, such as 5 or "0.25"')
  if (text.startsWith('-')) throw wrong('an amount of 0 US dollars or more')
  if (!DECIMAL.test(text)) throw wrong('a number of US dollars, such as 5 or "0.25"')
  const nanos = parseDecimal(text, DECIMALS)
  if (nanos === undefined) throw wrong('at most 9 decimals: a nano-dollar is the smallest amount counted')
  if (nanos > MAX_NANOS) {
    throw wrong(
      `at most ${formatUsd(MAX_NANOS)}: larger amounts cannot be counted exactly (2^53 nano-dollars)`,
    )
  }
  return Number(nanos)
}

/** For JSON: the double nearest to the amount. Up to $8.3 million `parseUsd` returns the same amount. */
export function nanosToUsd(nanos: number): number {
  return nanos / 10 ** DECIMALS
}

/** The inverse of `nanosToUsd`. */
export function usdToNanos(usd: number): number {
  return Math.round(usd * 10 ** DECIMALS)
}

/** Exact amount with a dollar sign: `$0.0035`, `$5.00`. */
export function formatUsd(nanos: number): string {
  return `${nanos < 0 ? '-' : ''}$${digitsOf(Math.abs(nanos), 2)}`
}

/**
 * Rounded amount for sentences: `$1,234.50`; below a dollar two significant digits, such as `$0.034` or `$0.0000012`. `of`
 * is an amount in the same sentence. If both would round to the same text, the amount is exact.
 */
export function writeUsd(nanos: number, of = nanos): string {
  if (nanos !== of && roundedUsd(nanos) === roundedUsd(of)) return withCommas(formatUsd(nanos))
  return roundedUsd(nanos)
}

function roundedUsd(nanos: number): string {
  const places = Math.max(2, digits(Math.abs(nanos)))
  const step = 10 ** (DECIMALS - places)
  return withCommas(formatUsd(Math.round(nanos / step) * step))
}

/** Number of decimals that show two significant digits of an amount below a dollar. */
function digits(nanos: number): number {
  return nanos === 0 || nanos >= 10 ** DECIMALS ? 2 : Math.min(DECIMALS, DECIMALS + 2 - String(nanos).length)
}

function withCommas(text: string): string {
  return text.replace(/\d+/, whole => whole.replace(/\B(?=(\d{3})+$)/g, ','))
}

/** Exact amount without an exponent, for headers and programs: `0.0035`, `5`. */
export function formatUsdPlain(nanos: number): string {
  return `${nanos < 0 ? '-' : ''}${digitsOf(Math.abs(nanos), 0)}`
}

/** Adds two amounts. Throws a RangeError if the sum is not exact. */
export function addNanos(a: number, b: number): number {
  const sum = a + b
  if (!Number.isSafeInteger(sum)) throw new RangeError(`${a} + ${b} nano-dollars cannot be counted exactly`)
  return sum
}

/** A whole amount of at least 0. */
function digitsOf(nanos: number, leastDecimals: number): string {
  const part = nanos % ONE
  const whole = String((nanos - part) / ONE)
  // The added dollar is a first digit, which keeps the zeros behind it.
  const decimals = String(part + ONE)
  let end = decimals.length
  while (end > leastDecimals + 1 && decimals[end - 1] === '0') end--
  return end === 1 ? whole : `${whole}.${decimals.slice(1, end)}`
}
