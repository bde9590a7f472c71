/** GET /metrics, for Prometheus: what calls were, how the gateway stands. Counted at the exit door, never on a caller's way. */

import { hash, timingSafeEqual } from 'node:crypto'
import fp from 'fastify-plugin'
import pkg from '../../package.json' with { type: 'json' }
import { refusal } from '../errors.ts'
import { createCallMetrics } from '../metrics/calls.ts'
import { createGenAiMetrics } from '../metrics/genai.ts'
import { registerHouse } from '../metrics/house.ts'
import { registerProcess } from '../metrics/process.ts'
import { createRegistry } from '../metrics/registry.ts'
import { registerShared } from '../metrics/shared.ts'

export default fp<{ token: string | undefined }>(
  async (app, { token }) => {
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

    app.onSettled(function measureCall(request) {
      const { entry } = request
      if (!entry) return
      countCall(request, entry)
      recordOperation(request, entry)
    })

    const expected = token === undefined ? undefined : digest(`Bearer ${token}`)
    app.get('/metrics', { logLevel: 'silent' }, async ({ headers }, reply) => {
      if (expected && !timingSafeEqual(digest(headers.authorization ?? ''), expected)) {
        throw refusal(
          'missing_key',
          'The metrics are for those who send METRICS_TOKEN as Authorization: Bearer.',
          {
            headers: { 'www-authenticate': 'Bearer realm="metrics"' },
          },
        )
      }
      return reply.type('text/plain; version=0.0.4; charset=utf-8').send(await registry.scrape())
    })
  },
  {
    name: 'metrics',
    dependencies: [
      'lifecycle',
      'money',
      'clock',
      'sweep',
      'ledger',
      'alerts',
      'prices',
      'upstreams',
      'clients',
      'otlp',
    ],
  },
)

/** Of equal length whatever was sent, so that the comparison tells nothing. */
function digest(text: string): Buffer {
  return hash('sha256', text, 'buffer')
}
