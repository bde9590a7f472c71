/** Medians, percentiles, spreads. */

/** By nearest rank, so the result is one of the values. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b)
  return sorted[Math.max(0, Math.ceil(share * sorted.length) - 1)] ?? Number.NaN
}

export interface Summary {
  median: number
  min: number
  max: number
  /** One value for each round. */
  values: number[]
}

export function summary(values: number[]): Summary {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = (sorted.length - 1) / 2
  const [below = Number.NaN, above = below] = [sorted[Math.floor(middle)], sorted[Math.ceil(middle)]]
  return {
    median: (below + above) / 2,
    min: Math.min(...values),
    max: Math.max(...values),
    values,
  }
}
