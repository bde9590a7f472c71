/** Exact integers from decimals in strings, and exact fractions for multipliers such as 1.1 or 5/3. */

import { parseDecimal } from './money.ts'
import { plus, times, type Whole } from './whole.ts'

export interface Ratio {
  num: Whole
  den: Whole
}

export const ZERO: Ratio = { num: 0, den: 1 }
export const ONE: Ratio = { num: 1, den: 1 }

/** Returns the decimal times 10^places. Throws if it has more places; the schema of the price file prevents that. */
export function scaled(decimal: string, places: number): bigint {
  const value = parseDecimal(decimal, places)
  if (value === undefined)
    throw new Error(`found ${decimal}, expected a decimal with at most ${places} places`)
  return value
}

/** The inverse of `scaled` with 6 places: whole millionths as a decimal. */
export function dollarsOf(micros: bigint): string {
  const digits = String(micros).padStart(7, '0')
  return `${digits.slice(0, -6)}.${digits.slice(-6)}`.replace(/\.?0+$/, '')
}

/** Parses "1.1" or "5/3", reduced to lowest terms, so that products stay small. */
export function ratioOf(text: string): Ratio {
  const [num = '', den] = text.split('/')
  return den === undefined ? reduced(scaled(num, 6), 1_000_000n) : reduced(scaled(num, 0), scaled(den, 0))
}

function reduced(num: bigint, den: bigint): Ratio {
  const divisor = greatestDivisor(num, den)
  return { num: Number(num / divisor), den: Number(den / divisor) }
}

function greatestDivisor(a: bigint, b: bigint): bigint {
  return b === 0n ? a : greatestDivisor(b, a % b)
}

export function add(a: Ratio, b: Ratio): Ratio {
  return a.den === b.den
    ? { num: plus(a.num, b.num), den: a.den }
    : { num: plus(times(a.num, b.den), times(b.num, a.den)), den: times(a.den, b.den) }
}

export function multiply(a: Ratio, b: Ratio): Ratio {
  return b === ONE ? a : { num: times(a.num, b.num), den: times(a.den, b.den) }
}

export function larger(a: Ratio, b: Ratio): Ratio {
  return times(a.num, b.den) >= times(b.num, a.den) ? a : b
}
