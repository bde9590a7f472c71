/** GET /metrics, for Prometheus: calls, which are counted when they end, and the state of the gateway. */

import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import { Registry } from 'prom-client'
import pkg from '../../package.json' with { type: 'json' }
import { createCallMetrics } from '../telemetry/metrics/calls.ts'
import { createExposition } from '../telemetry/metrics/exposition.ts'
import { type Family, readFamilies } from '../telemetry/metrics/families.ts'
import { createGenAiMetrics } from '../telemetry/metrics/genai.ts'
import { addInstanceMetrics } from '../telemetry/metrics/instance.ts'
import { processMetrics } from '../telemetry/metrics/process.ts'
import { addReadings } from '../telemetry/metrics/readings.ts'
import { addSharedMetrics } from '../telemetry/metrics/shared.ts'
import { type Endpoint, listenForMetrics, serveMetrics } from './metrics-endpoint.ts'

/** The other processes that serve the same port. */
export interface Workers {
  /** The label of this process. */
  name: string
  /** Takes the function that reads the metrics of this process. Returns the one that reads those of all processes. */
  gather(own: () => Promise<Family[]>): () => Promise<Family[]>
}

export interface MetricsOptions {
  token: string | undefined
  host: string
  /** Undefined: on the port of the calls. */
  port: number | undefined
  /** Undefined: this process serves the port alone. */
  workers: Workers | undefined
}

export default fp<MetricsOptions>(
  async (app, { token, host, port, workers }) => {
    const registry = new Registry()
    addReadings(registry, [
      {
        type: 'gauge',
        name: 'tollgate_build_info',
        help: 'Versions of the gateway and of Node.',
        labels: ['version', 'node'],
        aggregator: 'max',
        read: () => [[1, pkg.version, process.version]],
      },
    ])
    const modelOf = (asked: string) => app.prices.table.find(asked, new Date(app.clock.now()))?.model
    const countCall = createCallMetrics(registry, modelOf)
    const recordOperation = createGenAiMetrics(registry)
    addInstanceMetrics(registry, app)
    addSharedMetrics(registry, app, workers?.name)

    app.onCallEnd('observe', function measureCall(request) {
      const { entry, trace } = request
      if (!entry) return
      const exemplar = trace?.sampled ? { trace_id: trace.traceId } : undefined
      countCall(request, entry, exemplar)
      recordOperation(request, entry, exemplar)
    })

    const sources = [registry, processMetrics()]
    const read = () => readFamilies(sources)
    const endpoint: Endpoint = { token, expose: createExposition(workers?.gather(read) ?? read) }
    if (port === undefined) return serveMetrics(app, endpoint)
    let own: FastifyInstance | undefined
    // Opened before the port of calls, so that a port in use ends the start. Closed after the last running call.
    app.addHook('onReady', async () => {
      own = await listenForMetrics({ host, port, log: app.log }, endpoint)
    })
    app.addHook('onClose', async () => own?.close())
  },
  {
    name: 'metrics',
    dependencies: [
      'alerts',
      'clients',
      'clock',
      'lease-reaper',
      'ledger',
      'lifecycle',
      'money',
      'otlp',
      'prices',
      'upstreams',
    ],
    decorators: { fastify: ['clock', 'onCallEnd', 'prices'] },
  },
)
