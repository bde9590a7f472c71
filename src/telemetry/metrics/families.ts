/** Metrics as data: read from prom-client's registries, sent between processes, merged. */

import type { Aggregator, Registry } from 'prom-client'

/** A metric with its series, as prom-client returns it. */
export interface Family {
  name: string
  help: string
  /** prom-client's types say that it is a number. */
  type: string
  aggregator: Aggregator
  values: Value[]
}

interface Value {
  value: number
  labels: Record<string, string | number | undefined>
  sharedLabels?: Record<string, string | number>
  metricName?: string
  exemplar?: { timestamp: number }
}

/** Reads all metrics. prom-client rejects the whole scrape if one metric cannot be read; that metric has no series instead. */
export async function readFamilies(sources: readonly Registry[]): Promise<Family[]> {
  return Promise.all(
    sources.flatMap(source =>
      source.getMetricsAsArray().map(async ({ name, help, type, aggregator }) => {
        const found = await source
          .getSingleMetric(name)
          ?.get()
          .catch(() => undefined)
        return { name, help, type: String(found?.type ?? type), aggregator, values: found?.values ?? [] }
      }),
    ),
  )
}

const COMBINE: Record<Exclude<Aggregator, 'omit'>, (values: number[]) => number> = {
  sum: values => values.reduce((sum, value) => sum + value, 0),
  average: values => values.reduce((sum, value) => sum + value, 0) / values.length,
  first: ([value = 0]) => value,
  min: values => Math.min(...values),
  max: values => Math.max(...values),
}

/**
 * One family for all of a name, by its `aggregator` as in prom-client's own AggregatorRegistry, which loses exemplars and has
 * no OpenMetrics. Of several exemplars the newest one stays.
 */
export function mergeFamilies(all: readonly Family[]): Family[] {
  return [...Map.groupBy(all, ({ name }) => name).values()].flatMap(same => {
    const [family] = same
    const { aggregator = 'sum' } = family ?? {}
    return family === undefined || aggregator === 'omit'
      ? []
      : [{ ...family, values: merged(same, aggregator) }]
  })
}

function merged(families: Family[], aggregator: Exclude<Aggregator, 'omit'>): Value[] {
  const values = families.flatMap(family => family.values)
  return [...Map.groupBy(values, seriesOf).values()].map(same => {
    const exemplar = same
      .flatMap(one => one.exemplar ?? [])
      .reduce<Value['exemplar']>((a, b) => (a && a.timestamp >= b.timestamp ? a : b), undefined)
    return {
      ...same[0],
      labels: same[0]?.labels ?? {},
      value: COMBINE[aggregator](same.map(({ value }) => value)),
      exemplar,
    }
  })
}

function seriesOf({ metricName = '', labels, sharedLabels }: Value): string {
  return JSON.stringify([metricName, Object.entries({ ...sharedLabels, ...labels }).sort()])
}

/** The families that only grow: counters and histograms. */
export function cumulative(families: readonly Family[]): Family[] {
  return families.filter(({ type }) => type === 'counter' || type === 'histogram')
}
