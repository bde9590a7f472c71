/** Which token buckets can be kept exactly. */

/** `capacity` units, refilled evenly over `per` milliseconds; full at the start. */
export interface Bucket {
  capacity: number
  per: number
}

/**
 * Redis counts a bucket in fractions of a unit, capacity/per in lowest terms giving the fraction, and in doubles, exact
 * to 2^53. Half of that is left for debt.
 */
const EXACT = 2 ** 52

/** What is wrong with a bucket, as the end of a sentence that names it; undefined if nothing is. */
export function validateBucket({ capacity, per }: Bucket): string | undefined {
  if (!isCount(capacity)) return `holds ${capacity}; expected a whole number of at least 1`
  if (!isCount(per)) return `is refilled over ${per} ms; expected a whole number of at least 1`
  if ((capacity * per) / greatestCommonDivisor(capacity, per) <= EXACT) return undefined
  return `of ${capacity} over ${per} ms cannot be counted exactly; make it smaller, or both numbers rounder`
}

function isCount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 1
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
