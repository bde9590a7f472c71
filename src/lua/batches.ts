/** Sends items in batches without waiting for a timer: what comes while a batch is under way goes with the next one. */

export interface Batches<Item, Result> {
  /** Sends the items at once, or with the next batch. Returns one result for each. */
  push(items: Item[]): Promise<Result[]>
  /** Sends at once what waits. */
  flush(): void
}

interface Waiting<Item, Result> {
  items: Item[]
  resolve(results: Result[]): void
  reject(error: unknown): void
}

/**
 * `send` returns one result for each item. After a failure the items that waited fail too, so that none waits for two time
 * limits. A batch has at most `largest` items, or those of one `push`.
 */
export function createBatches<Item, Result>(
  send: (items: Item[]) => Promise<Result[]>,
  largest: number,
): Batches<Item, Result> {
  const waiting: Waiting<Item, Result>[] = []
  let underway = 0

  async function sendNow(items: Item[]): Promise<Result[]> {
    underway += 1
    try {
      return await send(items)
    } catch (error) {
      for (const { reject } of waiting.splice(0)) reject(error)
      throw error
    } finally {
      underway -= 1
      if (underway === 0) flush()
    }
  }

  function flush() {
    while (waiting.length > 0) sendTogether(nextBatch())
  }

  function nextBatch(): Waiting<Item, Result>[] {
    let [size, count] = [0, 0]
    for (const { items } of waiting) {
      size += items.length
      if (count > 0 && size > largest) break
      count += 1
    }
    return waiting.splice(0, count)
  }

  async function sendTogether(batch: Waiting<Item, Result>[]) {
    try {
      const results = await sendNow(batch.flatMap(({ items }) => items))
      let from = 0
      for (const { items, resolve } of batch) {
        resolve(results.slice(from, from + items.length))
        from += items.length
      }
    } catch (error) {
      for (const { reject } of batch) reject(error)
    }
  }

  return {
    push(items) {
      if (underway === 0) return sendNow(items)
      return new Promise((resolve, reject) => void waiting.push({ items, resolve, reject }))
    },
    flush,
  }
}
