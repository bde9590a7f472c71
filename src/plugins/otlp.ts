/** Spans leave for a collector, where one is named: OTLP as JSON over HTTP, off every caller's way. */

import { randomUUID } from 'node:crypto'
import fp from 'fastify-plugin'
import pkg from '../../package.json' with { type: 'json' }
import { readPairs, tracesUrl } from '../config/otlp-options.ts'
import { createSpans, type Spans } from '../telemetry/traces/exporter.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Undefined if tracing is off. */
    spans: Spans | undefined
  }
}

export interface OtlpOptions {
  endpoint: string | undefined
  /** As OTEL_EXPORTER_OTLP_HEADERS and OTEL_RESOURCE_ATTRIBUTES are written. */
  headers: string | undefined
  resource: string | undefined
  serviceName: string
}

/** Milliseconds for the last export at the shutdown. Spans that are left then are lost. */
const LAST_EXPORT = 3000

export default fp<OtlpOptions>(
  async (app, { endpoint, headers, resource, serviceName }) => {
    app.decorate('spans', undefined)
    if (endpoint === undefined) return
    const spans = createSpans({
      url: tracesUrl(endpoint),
      headers: readPairs(headers),
      resource: {
        'service.instance.id': randomUUID(),
        'service.version': pkg.version,
        ...readPairs(resource),
        'service.name': serviceName,
      },
      version: pkg.version,
      log: app.log,
    })
    app.spans = spans
    app.addHook('onClose', () => spans.stop(LAST_EXPORT))
  },
  { name: 'otlp' },
)
