/** Shares the result of a slow read among all requests for the same key, for a while. */

export interface Sharing {
  /** How long a result is shared at least, in milliseconds. */
  minMs: number
  /** A result is shared for this many times as long as the read took. This bounds the share of time spent on reads. */
  factor: number
  /** How long a result is shared at most, in milliseconds. Default: no limit. */
  maxMs?: number
  /** The result of a read that took less than this is not shared afterwards, in milliseconds. Default: 0. */
  skipBelowMs?: number
}

export type SharedReads<Result> = (key: string, read: () => Promise<Result>) => Promise<Result>

export function createSharedReads<Result>({
  minMs,
  factor,
  maxMs = Number.POSITIVE_INFINITY,
  skipBelowMs = 0,
}: Sharing): SharedReads<Result> {
  const reads = new Map<string, Promise<Result>>()

  return (key, read) => {
    const known = reads.get(key)
    if (known) return known
    const startedAt = performance.now()
    const result = read()
    reads.set(key, result)
    const drop = () => void reads.delete(key)
    result.then(() => {
      const took = performance.now() - startedAt
      if (took < skipBelowMs) drop()
      else setTimeout(drop, Math.min(maxMs, Math.max(minMs, took * factor))).unref()
    }, drop)
    return result
  }
}
