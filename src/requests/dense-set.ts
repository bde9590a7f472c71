/**
 * A set of items that come and go with each call. A Map or a Set would keep all of them in memory for seconds: it moves to a
 * new table after some dozens of changes, and each old table has its items and refers to the next table. Once one of
 * them is in V8's old generation, the young collections find everything after it.
 */

/** Its index in the set; -1 outside. Only the set writes it. */
export interface Placed {
  place: number
}

export class DenseSet<Item extends Placed> {
  readonly #items: Item[] = []

  get size(): number {
    return this.#items.length
  }

  has(item: Placed): boolean {
    return this.#items[item.place] === item
  }

  add(item: Item): void {
    if (!this.has(item)) item.place = this.#items.push(item) - 1
  }

  /** The last item takes the place of the deleted one. */
  delete(item: Placed): void {
    if (!this.has(item)) return
    const last = this.#items.pop()
    if (last && last !== item) {
      this.#items[item.place] = last
      last.place = item.place
    }
    item.place = -1
  }

  clear(): void {
    for (const item of [...this]) this.delete(item)
  }

  /** Do not add or delete items meanwhile. */
  [Symbol.iterator](): Iterator<Item> {
    return this.#items[Symbol.iterator]()
  }
}
