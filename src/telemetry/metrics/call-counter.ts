/** Counters of every call. A call adds to an object that is found once, and prom-client reads it at a scrape (ADR 17). */

import { Counter, type Registry } from 'prom-client'
import { remembered } from './remembered.ts'

/** The series of one metric, by the values of its labels in the order of its names. */
export type Counts = (...values: string[]) => Count

export class Count {
  #sum = 0

  /** `amount`: a whole number of at least 0. */
  add(amount = 1): void {
    this.#sum += amount
  }

  get sum(): number {
    return this.#sum
  }
}

/** `shown` converts a sum to the unit of the metric. */
export function callCounter(
  registry: Registry,
  name: string,
  help: string,
  labelNames: readonly string[] = [],
  shown = (sum: number) => sum,
): Counts {
  const all: { labels: Record<string, string>; count: Count }[] = []
  const counter = new Counter({ name, help, labelNames, registers: [registry] })
  const { get } = counter
  counter.get = async () => ({
    ...(await get.call(counter)),
    values: all.map(({ labels, count }) => ({ labels, value: shown(count.sum) })),
  })
  return remembered((...values) => {
    const labels = Object.fromEntries(labelNames.map((label, i) => [label, values[i] ?? '']))
    const count = new Count()
    all.push({ labels, count })
    return count
  })
}
