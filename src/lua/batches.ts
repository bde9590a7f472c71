/** Sends items in batches without waiting for a timer: what comes while a batch is under way goes with the next one. */

export interface Batches<Item, Result> {
  /** Sends the items at once, or with the next batch if one is under way. Returns one result for each. */
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
  let waiting: Waiting<Item, Result>[] = []
  let underway = 0

  function flush() {
    while (waiting.length > 0) sendBatch(nextBatch())
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

  async function sendBatch(batch: Waiting<Item, Result>[]) {
    underway += 1
    try {
      await deliver(batch)
    } catch (error) {
      const failed = batch.concat(waiting)
      waiting = []
      for (const { reject } of failed) reject(error)
    }
    underway -= 1
    if (underway === 0) flush()
  }

  async function deliver([first, ...others]: Waiting<Item, Result>[]) {
    if (!first) return
    if (others.length === 0) return first.resolve(await send(first.items))
    const results = await send([first, ...others].flatMap(({ items }) => items))
    let from = 0
    for (const { items, resolve } of [first, ...others]) {
      resolve(results.slice(from, from + items.length))
      from += items.length
    }
  }

  return {
    push: items =>
      new Promise((resolve, reject) => {
        waiting.push({ items, resolve, reject })
        if (underway === 0) flush()
      }),
    flush,
  }
}
