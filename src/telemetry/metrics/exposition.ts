/** Writes metrics in Prometheus's text format or in OpenMetrics, whichever a request accepts. */

import Negotiator from 'negotiator'
import {
  Gauge,
  type Metric,
  type OpenMetricsContentType,
  type PrometheusContentType,
  Registry,
  type RegistryContentType,
} from 'prom-client'

type Family = Awaited<ReturnType<Metric['get']>>

const OPEN_METRICS = 'application/openmetrics-text'
/** The first one is for requests without a preference. */
const MEDIA_TYPES = ['text/plain', OPEN_METRICS]
/** A parameter of a media type other than its weight `q`, such as `version=1.0.0`. */
const PARAMETER = /;(?!\s*q\s*=)[^;,]*/gi

export interface Exposition {
  contentType: RegistryContentType
  text: string
}

/**
 * Takes registries that are complete; metrics added later are not written. The returned function takes the `Accept`
 * header. A request that accepts neither format gets the text format.
 */
export function createExposition(sources: readonly Registry[]) {
  const text = new Registry<PrometheusContentType>()
  const openMetrics = new Registry<OpenMetricsContentType>()
  openMetrics.setContentType(Registry.OPENMETRICS_CONTENT_TYPE)
  for (const source of sources) {
    for (const metric of source.getMetricsAsArray()) {
      const { name, help } = metric
      const read = () => readFamily(source, metric)
      new Gauge({ name, help, registers: [text] }).get = read
      new Gauge({ name, help, registers: [openMetrics] }).get = async () => inOpenMetrics(await read())
    }
  }

  return async function expose(accept: string | undefined): Promise<Exposition> {
    const negotiator = new Negotiator({ headers: { accept: accept?.replace(PARAMETER, '') } })
    const registry = negotiator.mediaType(MEDIA_TYPES) === OPEN_METRICS ? openMetrics : text
    return { contentType: registry.contentType, text: await registry.metrics() }
  }
}

/** prom-client rejects the whole scrape if one metric cannot be read. That metric is left out instead. */
async function readFamily(source: Registry, metric: Omit<Family, 'values'>): Promise<Family> {
  const family = await source
    .getSingleMetric(metric.name)
    ?.get()
    .catch(() => undefined)
  return family ?? { ...metric, values: [] }
}

/** prom-client appends `_total` to the name of every counter, and writes a whole bound as `1` where OpenMetrics wants `1.0`. */
function inOpenMetrics(family: Family): Family {
  const isCounter = String(family.type) === 'counter'
  return {
    ...family,
    name: isCounter ? family.name.replace(/_total$/, '') : family.name,
    values: family.values.map(value => {
      const { le } = value.labels
      return Number.isInteger(le) ? { ...value, labels: { ...value.labels, le: `${le}.0` } } : value
    }),
  }
}
