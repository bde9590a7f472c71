/** A slow reading of many rows, shared by all who ask for the same within a while; it is dropped after it. */

export interface Sharing {
  /** Milliseconds that an answer serves at least. */
  atLeast: number
  /** It serves for so many times as long as it took, so that reading has its share of the time, however many ask. */
  times: number
  /** Milliseconds that it serves at most. Default: no end. */
  atMost?: number
  /** An answer that took less than so many milliseconds is not kept. Default: 0. */
  unless?: number
}

export type SharedReadings<Answer> = (key: string, read: () => Promise<Answer>) => Promise<Answer>

export function createSharedReadings<Answer>({
  atLeast,
  times,
  atMost = Number.POSITIVE_INFINITY,
  unless = 0,
}: Sharing): SharedReadings<Answer> {
  const readings = new Map<string, Promise<Answer>>()

  return (key, read) => {
    const known = readings.get(key)
    if (known) return known
    const startedAt = performance.now()
    const reading = read()
    readings.set(key, reading)
    const drop = () => void readings.delete(key)
    reading.then(() => {
      const took = performance.now() - startedAt
      if (took < unless) drop()
      else setTimeout(drop, Math.min(atMost, Math.max(atLeast, took * times))).unref()
    }, drop)
    return reading
  }
}
