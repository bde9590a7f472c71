/** The CPU of metrics and traces for one call, and of one scrape. A real call is recorded again and again. */

import type { FastifyInstance, FastifyRequest } from 'fastify'
import { Registry } from 'prom-client'
import { buildApp } from '../../src/app.ts'
import { environment } from '../../src/config/config.ts'
import { createLogger } from '../../src/telemetry/logger.ts'
import { createCallMetrics } from '../../src/telemetry/metrics/calls.ts'
import { createGenAiMetrics } from '../../src/telemetry/metrics/genai.ts'
import { startProvider } from '../../test/provider.ts'
import { fillClients } from '../fill-clients.ts'
import { cpuMicros } from '../repeated.ts'
import { openPostgres, openRedis } from '../stores.ts'
import type { Studied, Study } from '../study.ts'
import { startCollector, tracedMicros } from '../tracing.ts'

const micros = { unit: 'us', digits: 2 } as const
const CLIENTS = 1000

export const row: Study = {
  name: 'watching',
  title: 'CPU of metrics and traces',
  figures: [
    { key: 'metrics', title: 'one call in all metrics', ...micros },
    { key: 'exemplars', title: 'the same with exemplars', ...micros },
    { key: 'spans', title: 'context and three spans', ...micros },
    { key: 'tracer', title: "the same, with the SDK's tracer", ...micros },
    { key: 'traces', title: 'spans and their export', ...micros },
    { key: 'json', title: 'spans and their export as JSON', ...micros },
    { key: 'text', title: 'one scrape, Prometheus text', unit: 'us', digits: 0 },
    { key: 'openMetrics', title: 'one scrape, OpenMetrics', unit: 'us', digits: 0 },
  ],
  async study(folder, quick): Promise<Studied[]> {
    const times = quick ? 5_000 : 50_000
    return withGateway(folder, async (app, request) => {
      const { entry } = request
      if (!entry) throw new Error('the call left no entry')
      const registry = new Registry()
      const count = createCallMetrics(registry, () => undefined)
      const operate = createGenAiMetrics(registry)
      const exemplar = { trace_id: '4bf92f3577b34da6a3ce929d0e0e4736' }
      const metrics = (traced?: typeof exemplar) => () => {
        count(request, entry, traced)
        operate(request, entry, traced)
      }
      const scrape = (accept: string) => async () => {
        const { statusCode } = await app.inject({ method: 'GET', url: '/metrics', headers: { accept } })
        if (statusCode !== 200) throw new Error(`/metrics responded with ${statusCode}, expected 200`)
      }
      const collector = await startCollector(folder)
      try {
        const traced = (protocol: string) =>
          tracedMicros(request, entry, { url: collector.url, protocol, rounds: quick ? 10 : 50 })
        const { spans, exported, tracer } = await traced('http/protobuf')
        const { exported: json } = await traced('http/json')
        const values = {
          metrics: await cpuMicros(metrics(), times),
          exemplars: await cpuMicros(metrics(exemplar), times),
          ...{ spans, tracer, traces: exported, json },
          text: await cpuMicros(scrape('text/plain'), times / 250),
          openMetrics: await cpuMicros(scrape('application/openmetrics-text'), times / 250),
        }
        return [{ name: 'call', title: `${CLIENTS.toLocaleString('en')} clients, JSON calls`, values }]
      } finally {
        await collector.stop()
      }
    })
  },
}

/** Runs `work` beside a gateway in this process, with one of the calls that its clients made. */
async function withGateway<T>(
  folder: string,
  work: (app: FastifyInstance, request: FastifyRequest) => Promise<T>,
): Promise<T> {
  const [redis, postgres, provider] = await Promise.all([
    openRedis(folder),
    openPostgres(folder),
    startProvider(),
  ])
  const keys = await fillClients(postgres.pool, CLIENTS, CLIENTS)
  const variables = environment({ PORT: '0', EZAI_API_KEY: 'upstream-key', EZAI_BASE_URL: provider.url })
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
    for (const key of keys) await (await send(url, key)).text()
    return await work(app, await seen)
  } finally {
    await app.close()
    await Promise.all([provider.close(), redis.stop(), postgres.stop()])
  }
}

function send(url: string, key: string): Promise<Response> {
  return fetch(`${url}/v1/messages`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', 'x-api-key': key, 'anthropic-version': '2023-06-01' },
    body: JSON.stringify({
      model: 'claude-haiku-4-5',
      max_tokens: 100,
      messages: [{ role: 'user', content: 'hello' }],
    }),
  })
}
