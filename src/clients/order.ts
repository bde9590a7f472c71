/**
 * Sorts many values, the largest first, equal ones in their original order. A value and its place are one number, so that
 * 100,000 are sorted in some milliseconds, without a comparison function.
 */

/** 30 bits of rank and 23 of place are the 53 bits that a double holds exactly. */
const RANKS = 2 ** 30
/** Highest number of values. */
const PLACES = 2 ** 23
/** Steps of a factor of two: two values that differ by a millionth of themselves have different ranks. */
const STEPS = 2 ** 23
const LOWEST = -64

/** An order of values by their ranks. */
export type Order = Float64Array

/** A value of at least 0 as a whole number below 2^30, in the same order; undefined comes after all. */
export function rankOf(value: number | undefined): number {
  if (value === undefined) return 0
  if (value <= 0) return 1
  return Math.min(RANKS - 1, Math.max(2, Math.round((Math.log2(value) - LOWEST) * STEPS)))
}

/** The sort key of the value at a place. */
export function sortKey(rank: number, place: number): number {
  if (place >= PLACES) throw new RangeError(`found ${place + 1} values to sort, expected at most ${PLACES}`)
  return (RANKS - 1 - rank) * PLACES + place
}

export function orderOf(keys: number[]): Order {
  return Float64Array.from(keys).sort()
}

/** Ranks and places, from the first whose rank is at most `rank`. */
export function* entriesFrom(order: Order, rank = RANKS - 1): Generator<{ rank: number; place: number }> {
  const least = (RANKS - 1 - rank) * PLACES
  let [low, high] = [0, order.length]
  while (low < high) {
    const middle = (low + high) >> 1
    if (order[middle]! < least) low = middle + 1
    else high = middle
  }
  for (let i = low; i < order.length; i++) {
    const key = order[i]!
    yield { rank: RANKS - 1 - Math.floor(key / PLACES), place: key % PLACES }
  }
}
