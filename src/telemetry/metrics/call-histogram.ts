/**
 * Histograms of every call. prom-client hashes and checks the labels of each observation, which costs more than 3 us a
 * call (ADR 17). So a call adds to an object that is found once, and prom-client reads it at a scrape.
 */

import { Histogram, type Registry } from 'prom-client'
import { remembered } from './remembered.ts'

/** Labels of an exemplar, such as `trace_id`; undefined for a call that is not traced. */
export type Exemplar = Record<string, string> | undefined

/** The series of one metric, by the values of its labels in the order of its names. */
export type Family = (...values: string[]) => Distribution

export interface Distribution {
  observe(value: number, exemplar?: Exemplar): void
}

/** `buckets` are upper bounds in ascending order. */
export function callHistogram(
  registry: Registry,
  name: string,
  help: string,
  buckets: readonly number[],
  labelNames: readonly string[] = [],
): Family {
  const all: Buckets[] = []
  const histogram = new Histogram({ name, help, labelNames, buckets: [...buckets], registers: [registry] })
  const { get } = histogram
  histogram.get = async () => ({
    ...(await get.call(histogram)),
    values: all.flatMap(one => one.values(name)),
  })
  return remembered((...values) => {
    const labels = Object.fromEntries(labelNames.map((label, i) => [label, values[i] ?? '']))
    const one = new Buckets(buckets, labels)
    all.push(one)
    return one
  })
}

class Buckets implements Distribution {
  readonly #bounds: readonly number[]
  readonly #labels: Record<string, string>
  /** The last one counts what is above all bounds. */
  readonly #counts: number[]
  readonly #exemplars: ({ labelSet: Exemplar; value: number; timestamp: number } | undefined)[] = []
  #sum = 0

  constructor(bounds: readonly number[], labels: Record<string, string>) {
    this.#bounds = bounds
    this.#labels = labels
    this.#counts = new Array<number>(bounds.length + 1).fill(0)
  }

  observe(value: number, exemplar?: Exemplar): void {
    let i = 0
    while (i < this.#bounds.length && value > this.#bounds[i]!) i++
    this.#counts[i]! += 1
    this.#sum += value
    if (exemplar) this.#exemplars[i] = { labelSet: exemplar, value, timestamp: Date.now() / 1000 }
  }

  /** In the form in which prom-client's own histogram returns them. */
  values(name: string) {
    const sharedLabels = this.#labels
    let count = 0
    const buckets = this.#counts.map((own, i) => {
      count += own
      const labels = { le: this.#bounds[i] ?? '+Inf' }
      return {
        metricName: `${name}_bucket`,
        labels,
        sharedLabels,
        value: count,
        exemplar: this.#exemplars[i],
      }
    })
    return [
      ...buckets,
      { metricName: `${name}_sum`, labels: {}, sharedLabels, value: this.#sum },
      { metricName: `${name}_count`, labels: {}, sharedLabels, value: count },
    ]
  }
}
