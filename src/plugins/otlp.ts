/** Exports spans to the collector of OTEL_EXPORTER_OTLP_ENDPOINT. */

import { randomUUID } from 'node:crypto'
import fp from 'fastify-plugin'
import pkg from '../../package.json' with { type: 'json' }
import type { TracesOptions } from '../config/traces-options.ts'
import type { Spans } from '../telemetry/traces/exporter.ts'

declare module 'fastify' {
  interface FastifyInstance {
    /** Undefined if tracing is off. */
    spans: Spans | undefined
  }
}

/** Milliseconds for the last export at the shutdown. The remaining spans are lost. */
const LAST_EXPORT = 3000

export default fp<{ traces: TracesOptions | undefined }>(
  async (app, { traces }) => {
    app.decorate('spans', undefined)
    if (!traces) return
    // The SDK takes 150 ms of CPU and 20 MB of memory at a start, so it is loaded only if tracing is on.
    const { createSpans } = await import('../telemetry/traces/exporter.ts')
    const { version } = pkg
    const instance = { 'service.instance.id': randomUUID(), 'service.version': version }
    const resource = { ...instance, ...traces.resource }
    const spans = createSpans({ ...traces, resource, version, log: app.log })
    app.spans = spans
    app.addHook('onClose', () => spans.stop(LAST_EXPORT))
  },
  { name: 'otlp' },
)
