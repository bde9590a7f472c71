/** Gauges and counters whose values are read from elsewhere at each scrape. */

import { type Aggregator, Counter, Gauge, type Registry } from 'prom-client'

/** A value, then the values of its labels in the order of `labels`. */
export type Row = readonly [value: number, ...labels: string[]]

export interface Reading {
  type: 'counter' | 'gauge'
  name: string
  help: string
  /** Default: none. */
  labels?: readonly string[]
  /** How the values of several workers become one. Default: by their sum. */
  aggregator?: Aggregator | undefined
  /** All series of the metric at this moment. If it fails, the metric is left out of the scrape. */
  read(): Iterable<Row> | Promise<Iterable<Row>>
}

export function addReadings(registry: Registry, readings: Iterable<Reading>): void {
  for (const { type, name, help, labels = [], aggregator = 'sum', read } of readings) {
    const config = { name, help, labelNames: labels, aggregator, registers: [registry] }
    if (type === 'gauge')
      new Gauge({
        ...config,
        async collect() {
          const rows = await read()
          clear(this, labels)
          for (const [value, ...values] of rows) this.labels(...values).set(value)
        },
      })
    else
      new Counter({
        ...config,
        async collect() {
          const rows = await read()
          clear(this, labels)
          for (const [value, ...values] of rows) this.labels(...values).inc(value)
        },
      })
  }
}

/** `reset` leaves a metric without labels at 0 instead of absent. */
function clear(metric: Counter | Gauge, labels: readonly string[]): void {
  metric.reset()
  if (labels.length === 0) metric.remove()
}
