/** Checks that Redis can count a token bucket exactly. */

import { isCount } from '../dialects/wire/json.ts'

/** A bucket of `capacity` units. It is full at the start, and refills evenly over `per` milliseconds. */
export interface Bucket {
  capacity: number
  per: number
}

/**
 * Redis counts a bucket in fractions of a unit; capacity/per in lowest terms determines the fraction. It counts in
 * doubles, which are exact up to 2^53. Debt needs half of this range.
 */
const EXACT = 2 ** 52

/** Returns the fault of a bucket, as the end of a sentence that names the bucket; undefined if it is valid. */
export function validateBucket({ capacity, per }: Bucket): string | undefined {
  if (!isCount(capacity, 1)) return `holds ${capacity}; expected a whole number of at least 1`
  if (!isCount(per, 1)) return `is refilled over ${per} ms; expected a whole number of at least 1`
  if ((capacity * per) / greatestCommonDivisor(capacity, per) <= EXACT) return undefined
  return `of ${capacity} over ${per} ms cannot be counted exactly; make it smaller, or both numbers rounder`
}

/** Returns capacity/per in lowest terms: the units that refill a bucket, and the milliseconds that they take. */
export function ratio({ capacity, per }: Bucket): [units: number, ms: number] {
  const divisor = greatestCommonDivisor(capacity, per)
  return [capacity / divisor, per / divisor]
}

function greatestCommonDivisor(a: number, b: number): number {
  return b === 0 ? a : greatestCommonDivisor(b, a % b)
}
