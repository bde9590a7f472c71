/** The options of the exporter of traces, from the OTEL_ variables. */

import type { Config } from './config.ts'
import { type compressions, type protocols, readPairs } from './otlp-options.ts'

/** Durations are milliseconds. */
export interface TracesOptions {
  url: string
  protocol: (typeof protocols)[number]
  compression: (typeof compressions)[number]
  headers: Record<string, string>
  resource: Record<string, string>
  /** Limit of one export: its request, and its retries. */
  timeoutMs: number
  queue: {
    /** Highest number of spans that wait or are being exported. */
    most: number
    /** Spans in one export. */
    batch: number
    /** How long spans wait for a batch to be full. */
    delayMs: number
    /** After it, the spans of an export that has not ended are dropped. */
    timeoutMs: number
  }
}

/** Undefined if tracing is off. A variable for traces alone has precedence over the one for all signals. */
export function tracesOptions(config: Config): TracesOptions | undefined {
  const endpoint = config.OTEL_EXPORTER_OTLP_ENDPOINT
  const url = config.OTEL_EXPORTER_OTLP_TRACES_ENDPOINT ?? (endpoint && tracesUrl(endpoint))
  if (url === undefined || config.OTEL_SDK_DISABLED.toLowerCase() === 'true') return undefined
  return {
    url,
    protocol: config.OTEL_EXPORTER_OTLP_TRACES_PROTOCOL ?? config.OTEL_EXPORTER_OTLP_PROTOCOL,
    compression: config.OTEL_EXPORTER_OTLP_TRACES_COMPRESSION ?? config.OTEL_EXPORTER_OTLP_COMPRESSION,
    headers: {
      ...headersOf(config.OTEL_EXPORTER_OTLP_HEADERS),
      ...headersOf(config.OTEL_EXPORTER_OTLP_TRACES_HEADERS),
    },
    resource: {
      ...readPairs(config.OTEL_RESOURCE_ATTRIBUTES),
      'service.name': config.OTEL_SERVICE_NAME,
    },
    timeoutMs: config.OTEL_EXPORTER_OTLP_TRACES_TIMEOUT ?? config.OTEL_EXPORTER_OTLP_TIMEOUT,
    queue: {
      most: config.OTEL_BSP_MAX_QUEUE_SIZE,
      batch: config.OTEL_BSP_MAX_EXPORT_BATCH_SIZE,
      delayMs: config.OTEL_BSP_SCHEDULE_DELAY,
      timeoutMs: config.OTEL_BSP_EXPORT_TIMEOUT,
    },
  }
}

/** Names in lower case: both variables may name the same header. */
function headersOf(pairs: string | undefined): Record<string, string> {
  return Object.fromEntries(
    Object.entries(readPairs(pairs)).map(([name, value]) => [name.toLowerCase(), value]),
  )
}

/** The URL for traces below a collector's base URL. */
function tracesUrl(endpoint: string): string {
  return `${endpoint.replace(/\/+$/, '')}/v1/traces`
}
