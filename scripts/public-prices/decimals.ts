/** Exact arithmetic on the list's prices. Amounts are micro-dollars per million tokens. */

import { parseDecimal } from '../../src/pricing/money.ts'

/** More decimals than any number of the list has. */
const PLACES = 24
const MICRO = 10n ** BigInt(PLACES - 6)

/**
 * The list's number, rounded up to six decimals. JavaScript prints a number with the fewest digits that identify it, and
 * these are the digits in the list. Throws an Error if it is not a decimal of at least 0.
 */
export function microsOf(listed: number): bigint {
  const exact = parseDecimal(String(listed), PLACES)
  if (exact === undefined) throw new Error(`found ${listed} in the list, expected a price of at least 0`)
  return (exact + MICRO - 1n) / MICRO
}

export function highest(amounts: readonly bigint[]): bigint {
  return amounts.reduce((most, one) => (one > most ? one : most), 0n)
}
