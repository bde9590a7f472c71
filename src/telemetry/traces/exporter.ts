/** Sends spans to a collector in batches, by the OpenTelemetry SDK. Spans are dropped if the collector is away; calls do not wait for it. */

import { OTLPTraceExporter as JsonExporter } from '@opentelemetry/exporter-trace-otlp-http'
import { OTLPTraceExporter as ProtobufExporter } from '@opentelemetry/exporter-trace-otlp-proto'
import { CompressionAlgorithm } from '@opentelemetry/otlp-exporter-base'
import { resourceFromAttributes } from '@opentelemetry/resources'
import { BatchSpanProcessor, type ReadableSpan } from '@opentelemetry/sdk-trace-base'
import type { FastifyBaseLogger } from 'fastify'
import type { TracesOptions } from '../../config/traces-options.ts'
import { countedExporter } from './counted.ts'
import { logSdkMessages } from './sdk-messages.ts'
import type { Origin } from './spans.ts'

export interface Spans {
  /** Queues the spans of one call: all of them, or none if the queue has no room. */
  push(spans: ReadableSpan[]): void
  readonly origin: Origin
  /** Spans since the start: accepted by the collector, and dropped. */
  readonly exported: number
  readonly dropped: number
  /** Sends the queued spans. Gives up after `limitMs`. */
  stop(limitMs: number): Promise<void>
}

export interface SpansOptions extends TracesOptions {
  /** The version of this service, for the scope of its spans. */
  version: string
  log: FastifyBaseLogger
}

const EXPORTERS = { 'http/protobuf': ProtobufExporter, 'http/json': JsonExporter }
const COMPRESSIONS = { none: CompressionAlgorithm.NONE, gzip: CompressionAlgorithm.GZIP }
/** Milliseconds that the processor waits longer than the exporter, so that its own limit is never reached. */
const MARGIN = 10_000

/** Every option is given to the SDK, so that it takes none of them from the environment. */
export function createSpans({ log, version, queue, ...options }: SpansOptions): Spans {
  const batch = Math.min(queue.batch, queue.most)
  logSdkMessages(log)
  const otlp = new EXPORTERS[options.protocol]({
    url: options.url,
    headers: options.headers,
    timeoutMillis: options.timeoutMs,
    compression: COMPRESSIONS[options.compression],
    // At its shutdown the processor sends all batches at once.
    concurrencyLimit: Math.ceil(queue.most / batch) + 1,
  })
  const exporter = countedExporter(otlp, { log, timeoutMs: queue.timeoutMs })
  const processor = new BatchSpanProcessor(exporter, {
    maxQueueSize: queue.most,
    maxExportBatchSize: batch,
    scheduledDelayMillis: queue.delayMs,
    exportTimeoutMillis: queue.timeoutMs + MARGIN,
  })

  return {
    origin: {
      resource: resourceFromAttributes(options.resource),
      instrumentationScope: { name: 'tollgate', version },
    },
    push(spans) {
      if (exporter.reserve(spans.length, queue.most)) for (const span of spans) processor.onEnd(span)
    },
    get exported() {
      return exporter.exported
    },
    get dropped() {
      return exporter.dropped
    },
    async stop(limitMs) {
      const { promise: deadline, resolve } = Promise.withResolvers<void>()
      const timer = setTimeout(resolve, limitMs)
      await Promise.race([deadline, processor.shutdown()])
      clearTimeout(timer)
      exporter.abandon()
    },
  }
}
