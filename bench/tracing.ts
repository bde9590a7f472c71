/** CPU of the spans of a call: to make them, and to export them. */

import { setTimeout } from 'node:timers/promises'
import { ROOT_CONTEXT, trace } from '@opentelemetry/api'
import { BasicTracerProvider, NoopSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base'
import type { FastifyRequest } from 'fastify'
import { tracesOptions } from '../src/config/traces-options.ts'
import type { Entry } from '../src/ledger/call-record.ts'
import { createLogger } from '../src/telemetry/logger.ts'
import { beginTrace } from '../src/telemetry/traces/context.ts'
import { createSpans } from '../src/telemetry/traces/exporter.ts'
import { spansOf } from '../src/telemetry/traces/spans.ts'
import { configOf } from '../test/config-of.ts'
import { type Server, startServer } from './server.ts'

/** Answers each export with 200. It is a process of its own, so that its CPU is not counted. */
export function startCollector(folder: string): Promise<Server> {
  const code = `require('node:http')
    .createServer((request, response) => request.resume().once('end', () => response.end()))
    .listen(process.argv[1], '127.0.0.1')`
  const command = (port: number) => [process.execPath, '-e', code, String(port)]
  return startServer({ name: 'collector', folder, command })
}

/** Their spans are fewer than a batch, so the export begins after the last one is made. */
const CALLS = 150
const SAMPLES = 5

/** Microseconds of CPU per call: the spans, the spans with their export, and the same spans by the SDK's tracer. */
export async function tracedMicros(
  request: FastifyRequest,
  entry: Entry,
  { url, protocol, rounds }: { url: string; protocol: string; rounds: number },
): Promise<Record<'spans' | 'exported' | 'tracer', number[]>> {
  const options = tracesOptions(
    configOf({
      EZAI_API_KEY: 'key',
      OTEL_EXPORTER_OTLP_ENDPOINT: url,
      OTEL_EXPORTER_OTLP_PROTOCOL: protocol,
      OTEL_BSP_SCHEDULE_DELAY: '1',
    }),
  )
  if (!options) throw new Error('tracing is off')
  const spans = createSpans({ ...options, version: '1', log: createLogger('silent') })
  const made = () =>
    spansOf(
      request,
      entry,
      beginTrace(request.headers, () => true),
      spans.origin,
    )
  const record = sdkTracer()
  const figures = { spans: [] as number[], exported: [] as number[], tracer: [] as number[] }
  for (let sample = 0; sample <= SAMPLES; sample++) {
    let [ours, all, extra] = [0, 0, 0]
    for (let round = 0; round < rounds; round++) {
      const sent = spans.exported
      let pushed = 0
      const before = process.cpuUsage()
      for (let i = 0; i < CALLS; i++) {
        const finished = made()
        spans.push(finished)
        pushed += finished.length
      }
      ours += microsSince(before)
      while (spans.exported < sent + pushed) await setTimeout(1)
      all += microsSince(before)
      const examples = Array.from({ length: CALLS }, made)
      const recording = process.cpuUsage()
      for (const finished of examples) for (const span of finished) record(span)
      extra += microsSince(recording)
    }
    // The first sample only warms up.
    if (sample === 0) continue
    figures.spans.push(ours / rounds / CALLS)
    figures.exported.push(all / rounds / CALLS)
    figures.tracer.push((ours + extra) / rounds / CALLS)
  }
  await spans.stop(1000)
  return figures
}

/** Makes a finished span again, by the SDK's tracer. */
function sdkTracer(): (span: ReadableSpan) => void {
  const kept: object[] = []
  const tracer = new BasicTracerProvider({ spanProcessors: [new NoopSpanProcessor()] }).getTracer('bench')
  return ({ name, kind, attributes, startTime, endTime, parentSpanContext }) => {
    const parent = parentSpanContext ? trace.setSpanContext(ROOT_CONTEXT, parentSpanContext) : ROOT_CONTEXT
    const span = tracer.startSpan(name, { kind, attributes, startTime }, parent)
    span.end(endTime)
    // As a queue would.
    if (kept.length > 3 * CALLS) kept.length = 0
    kept.push(span)
  }
}

/** User and system time of this process since `before`. */
export function microsSince(before: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(before)
  return user + system
}
