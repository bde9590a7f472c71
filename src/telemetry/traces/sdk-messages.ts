/** Messages of the OpenTelemetry SDK. It has one logger in a process, and reports rejected spans only there. */

import { DiagLogLevel, diag } from '@opentelemetry/api'
import type { FastifyBaseLogger } from 'fastify'

/** Milliseconds between two warnings. */
const WARNING_INTERVAL = 60_000
/** The rest of a message may quote a response of the collector. */
const SAFE_PART = /^[^:"'`{]{0,200}/

let rejected = 0

/** The number of spans that the last response has rejected. The SDK reports it in the same turn as the end of that export. */
export function takeRejected(): number {
  const taken = rejected
  rejected = 0
  return taken
}

/** Writes the SDK's warnings to this log, at most one a minute. */
export function logSdkMessages(log: FastifyBaseLogger): void {
  let warnedAt = -WARNING_INTERVAL

  function warn(message: string, ...details: unknown[]): void {
    if (message.startsWith('Received Partial Success')) {
      rejected = Number(/"rejectedSpans":"?(\d+)/.exec(String(details[0]))?.[1] ?? 0)
      return
    }
    if (performance.now() - warnedAt < WARNING_INTERVAL) return
    warnedAt = performance.now()
    log.warn({ detail: SAFE_PART.exec(message)?.[0] }, 'the OpenTelemetry SDK warns')
  }

  const ignore = () => {}
  const logger = { error: warn, warn, info: ignore, debug: ignore, verbose: ignore }
  diag.setLogger(logger, { logLevel: DiagLogLevel.WARN, suppressOverrideMessage: true })
}
