/** GET /metrics, for Prometheus: calls, which are counted at their end, and the state of the gateway. */

import type { FastifyInstance } from 'fastify'
import fp from 'fastify-plugin'
import pkg from '../../package.json' with { type: 'json' }
import { createCallMetrics } from '../telemetry/metrics/calls.ts'
import { createGenAiMetrics } from '../telemetry/metrics/genai.ts'
import { registerHouse } from '../telemetry/metrics/house.ts'
import { registerProcess } from '../telemetry/metrics/process.ts'
import { createRegistry } from '../telemetry/metrics/registry.ts'
import { registerShared } from '../telemetry/metrics/shared.ts'
import { type Endpoint, listenForMetrics, serveMetrics } from './metrics-endpoint.ts'

export interface MetricsOptions {
  token: string | undefined
  host: string
  /** Undefined: on the port of the calls. */
  port: number | undefined
}

export default fp<MetricsOptions>(
  async (app, { token, host, port }) => {
    const registry = createRegistry()
    const build = registry.sampled('gauge', 'tollgate_build_info', 'What runs here.', ['version', 'node'])
    build.set(1, pkg.version, process.version)
    const modelOf = (asked: string) => app.prices.table.find(asked, new Date(app.clock.now()))?.model
    const countCall = createCallMetrics(registry, modelOf)
    const recordOperation = createGenAiMetrics(registry)
    registerHouse(registry, app)
    registerShared(registry, app)
    const { stop } = registerProcess(registry)
    app.addHook('onClose', async () => stop())

    app.onCallEnd('observe', function measureCall(request) {
      const { entry } = request
      if (!entry) return
      countCall(request, entry)
      recordOperation(request, entry)
    })

    const endpoint: Endpoint = { token, scrape: () => registry.scrape() }
    if (port === undefined) return serveMetrics(app, endpoint)
    let own: FastifyInstance | undefined
    // Opened before the calls' port, so that a port in use ends the start. It serves until no call runs any more.
    app.addHook('onReady', async () => {
      own = await listenForMetrics({ host, port, log: app.log }, endpoint)
    })
    app.addHook('onClose', async () => own?.close())
  },
  {
    name: 'metrics',
    dependencies: [
      'lifecycle',
      'money',
      'clock',
      'lease-reaper',
      'ledger',
      'alerts',
      'prices',
      'upstreams',
      'clients',
      'otlp',
    ],
  },
)
