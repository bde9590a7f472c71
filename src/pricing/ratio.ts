/** Exact integers from decimals in strings, and exact fractions for multipliers such as 1.1 or 5/3. */

import { parseDecimal } from './money.ts'

export interface Ratio {
  num: bigint
  den: bigint
}

export const ZERO: Ratio = { num: 0n, den: 1n }
export const ONE: Ratio = { num: 1n, den: 1n }

/** Returns the decimal times 10^places. Throws if it has more places; the schema of the price file prevents that. */
export function scaled(decimal: string, places: number): bigint {
  const value = parseDecimal(decimal, places)
  if (value === undefined)
    throw new Error(`found ${decimal}, expected a decimal with at most ${places} places`)
  return value
}

/** Parses "1.1" or "5/3". */
export function ratioOf(text: string): Ratio {
  const [num = '', den] = text.split('/')
  return den === undefined
    ? { num: scaled(num, 6), den: 1_000_000n }
    : { num: scaled(num, 0), den: scaled(den, 0) }
}

export function add(a: Ratio, b: Ratio): Ratio {
  return a.den === b.den
    ? { num: a.num + b.num, den: a.den }
    : { num: a.num * b.den + b.num * a.den, den: a.den * b.den }
}

export function multiply(a: Ratio, b: Ratio): Ratio {
  return b === ONE ? a : { num: a.num * b.num, den: a.den * b.den }
}

export function larger(a: Ratio, b: Ratio): Ratio {
  return a.num * b.den >= b.num * a.den ? a : b
}
