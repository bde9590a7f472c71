/** CPU of metrics and traces at the end of a call. The same finished call is recorded again and again. */

import type { FastifyRequest } from 'fastify'
import { buildApp } from '../../src/app.ts'
import { environment } from '../../src/config/config.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { createCallMetrics } from '../../src/telemetry/metrics/calls.ts'
import { createGenAiMetrics } from '../../src/telemetry/metrics/genai.ts'
import { createRegistry } from '../../src/telemetry/metrics/registry.ts'
import { startProvider } from '../../test/provider.ts'
import { openPostgres, openRedis } from '../stores.ts'
import type { Studied, Study } from '../study.ts'
import { microsSince, startCollector, tracedMicros } from '../tracing.ts'

const micros = { unit: 'us', digits: 2 } as const

export const row: Study = {
  name: 'watching',
  title: 'CPU of one call, by its own share',
  figures: [
    { key: 'metrics', title: 'counted in all metrics', ...micros },
    { key: 'spans', title: 'context and three spans', ...micros },
    { key: 'tracer', title: "the same, with the SDK's tracer", ...micros },
    { key: 'traces', title: 'spans and their export', ...micros },
    { key: 'json', title: 'spans and their export as JSON', ...micros },
  ],
  async study(folder, quick): Promise<Studied[]> {
    const times = quick ? 5_000 : 50_000
    const request = await realCall(folder)
    const { entry } = request
    if (!entry) throw new Error('the call left no entry')
    const registry = createRegistry()
    const count = createCallMetrics(registry, () => undefined)
    const operate = createGenAiMetrics(registry)
    const metrics = () => {
      count(request, entry)
      operate(request, entry)
    }
    const measured = (work: () => unknown) => [1, 2, 3, 4, 5].map(() => cpuMicros(work, times))
    const collector = await startCollector(folder)
    try {
      const traced = (protocol: string) =>
        tracedMicros(request, entry, { url: collector.url, protocol, rounds: quick ? 10 : 50 })
      const { spans, exported, tracer } = await traced('http/protobuf')
      const { exported: json } = await traced('http/json')
      const values = { metrics: measured(metrics), spans, tracer, traces: exported, json }
      return [{ name: 'call', title: 'a JSON call', values }]
    } finally {
      await collector.stop()
    }
  },
}

/** A call through a whole gateway in this process, as it is at its end. */
async function realCall(folder: string): Promise<FastifyRequest> {
  const [redis, postgres, provider] = await Promise.all([
    openRedis(folder),
    openPostgres(folder),
    startProvider(),
  ])
  const token = 'bench-admin-token'
  const variables = environment({
    PORT: '0',
    ADMIN_TOKEN: token,
    EZAI_API_KEY: 'upstream-key',
    EZAI_BASE_URL: provider.url,
  })
  const app = await buildApp(
    variables,
    { redisUrl: redis.url, databaseUrl: postgres.url },
    createLogger('silent'),
  )
  try {
    const seen = new Promise<FastifyRequest>(resolve =>
      app.onCallEnd('observe', request => request.entry?.outcome === 'ok' && resolve(request)),
    )
    const url = await app.listen({ port: 0 })
    while (!(await fetch(`${url}/readyz`)).ok);
    const post = async (path: string, headers: Record<string, string>, body: object) => {
      const answer = await fetch(url + path, {
        method: 'POST',
        headers: { 'content-type': 'application/json', ...headers },
        body: JSON.stringify(body),
      })
      return JSON.parse(await answer.text())
    }
    const admin = { authorization: `Bearer ${token}` }
    await post('/admin/clients', admin, { name: 'bench', budget: { day: 5 } })
    const { key } = await post('/admin/clients/bench/keys', admin, {})
    await post(
      '/v1/messages',
      { 'x-api-key': key, 'anthropic-version': '2023-06-01' },
      { model: 'claude-haiku-4-5', max_tokens: 100, messages: [{ role: 'user', content: 'hello' }] },
    )
    return await seen
  } finally {
    await app.close()
    await Promise.all([provider.close(), redis.stop(), postgres.stop()])
  }
}

/** User and system time of this process. */
function cpuMicros(work: () => unknown, times: number): number {
  for (let i = 0; i < times / 5; i++) work()
  const before = process.cpuUsage()
  for (let i = 0; i < times; i++) work()
  return microsSince(before) / times
}
