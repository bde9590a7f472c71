/** Sends items in batches without waiting for a timer: what comes while a batch is under way goes with the next one. */

interface Waiting<Item, Result> {
  item: Item
  resolve(result: Result): void
  reject(error: unknown): void
}

export interface Batches<Item, Result> {
  /** Sends the item at once, or with the next batch if one is under way. */
  push(item: Item): Promise<Result>
  /** Sends at once what waits. */
  flush(): void
}

/**
 * `send` returns one result for each item. After a failure the items that waited fail too, so that none waits for two time
 * limits.
 */
export function createBatches<Item, Result>(
  send: (items: Item[]) => Promise<Result[]>,
  largest: number,
): Batches<Item, Result> {
  let waiting: Waiting<Item, Result>[] = []
  let underway = 0

  function flush() {
    while (waiting.length > 0) sendBatch(waiting.splice(0, largest))
  }

  async function sendBatch(batch: Waiting<Item, Result>[]) {
    underway += 1
    try {
      const results = await send(batch.map(({ item }) => item))
      for (const [i, { resolve }] of batch.entries()) resolve(results[i]!)
    } catch (error) {
      const failed = batch.concat(waiting)
      waiting = []
      for (const { reject } of failed) reject(error)
    }
    underway -= 1
    if (underway === 0) flush()
  }

  return {
    push: item =>
      new Promise((resolve, reject) => {
        waiting.push({ item, resolve, reject })
        if (underway === 0) flush()
      }),
    flush,
  }
}
