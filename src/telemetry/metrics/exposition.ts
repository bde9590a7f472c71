/** Writes metrics in Prometheus's text format or in OpenMetrics, whichever a request accepts. */

import Negotiator from 'negotiator'
import { Gauge, Registry, type RegistryContentType } from 'prom-client'
import type { Family } from './families.ts'

const OPEN_METRICS = 'application/openmetrics-text'
/** The first one is for requests without a preference. */
const MEDIA_TYPES = ['text/plain', OPEN_METRICS]
/** A parameter of a media type other than its weight `q`, such as `version=1.0.0`. */
const PARAMETER = /;(?!\s*q\s*=)[^;,]*/gi

export interface Exposition {
  contentType: RegistryContentType
  text: string
}

/** The returned function takes the `Accept` header. A request that accepts neither format gets the text format. */
export function createExposition(read: () => Promise<Family[]>) {
  return async function expose(accept: string | undefined): Promise<Exposition> {
    const negotiator = new Negotiator({ headers: { accept: accept?.replace(PARAMETER, '') } })
    const isOpen = negotiator.mediaType(MEDIA_TYPES) === OPEN_METRICS
    const registry = new Registry<RegistryContentType>()
    registry.setContentType(isOpen ? Registry.OPENMETRICS_CONTENT_TYPE : Registry.PROMETHEUS_CONTENT_TYPE)
    for (const family of await read()) {
      const { name, help } = family
      const gauge = new Gauge({ name, help, registers: [registry] })
      Object.assign(gauge, { get: async () => (isOpen ? inOpenMetrics(family) : family) })
    }
    return { contentType: registry.contentType, text: await registry.metrics() }
  }
}

/** prom-client appends `_total` to the name of every counter, and writes a whole bound as `1` where OpenMetrics wants `1.0`. */
function inOpenMetrics(family: Family): Family {
  const isCounter = family.type === 'counter'
  return {
    ...family,
    name: isCounter ? family.name.replace(/_total$/, '') : family.name,
    values: family.values.map(value => {
      const { le } = value.labels
      return Number.isInteger(le) ? { ...value, labels: { ...value.labels, le: `${le}.0` } } : value
    }),
  }
}
