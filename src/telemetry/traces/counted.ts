/** Counts the spans of an exporter, limits how long an export takes, and logs each outage once. */

import type { SpanExporter } from '@opentelemetry/sdk-trace-base'
import type { FastifyBaseLogger } from 'fastify'
import { takeRejected } from './sdk-messages.ts'

export interface CountedExporter extends SpanExporter {
  /** Makes room for spans. False if more than `most` would wait: then they are counted as dropped. */
  reserve(spans: number, most: number): boolean
  /** Counts the spans of unfinished exports as dropped. */
  abandon(): void
  readonly exported: number
  readonly dropped: number
}

type Finish = Parameters<SpanExporter['export']>[1]

const SUCCESS = 0
const FAILED = 1

const WARNINGS = {
  away: 'traces are not exported; each batch is retried, and then is dropped',
  refusing: 'the collector refuses spans',
}

/** `timeoutMs` is for a batch with its retries. */
export function countedExporter(
  exporter: SpanExporter,
  { log, timeoutMs }: { log: FastifyBaseLogger; timeoutMs: number },
): CountedExporter {
  const unfinished = new Set<Finish>()
  const warned = new Set<keyof typeof WARNINGS>()
  let [waiting, exported, dropped] = [0, 0, 0]

  function count(spans: number, rejected: number): void {
    waiting -= spans
    exported += spans - rejected
    dropped += rejected
  }

  function succeed(spans: number, rejected: number): void {
    count(spans, rejected)
    if (rejected > 0) log.debug({ rejected }, 'the collector rejected spans')
    if (warned.size > 0) log.info('traces are exported again')
    warned.clear()
  }

  function fail(spans: number, error: Error | undefined): void {
    count(spans, spans)
    // A status is all that is logged of a response: its text may repeat a header of the request.
    const status = error && 'code' in error && typeof error.code === 'number' ? error.code : undefined
    const fault = status === undefined ? 'away' : 'refusing'
    if (!warned.has(fault)) log.warn(status === undefined ? { err: error } : { status }, WARNINGS[fault])
    warned.add(fault)
  }

  return {
    reserve(spans, most) {
      const fits = waiting + spans <= most
      if (fits) waiting += spans
      else dropped += spans
      return fits
    },
    export(spans, done) {
      const finish: Finish = ({ code, error }) => {
        const rejected = Math.min(takeRejected(), spans.length)
        // The exporter may finish after the limit.
        if (!unfinished.delete(finish)) return
        clearTimeout(timer)
        if (code === SUCCESS) succeed(spans.length, rejected)
        else fail(spans.length, error)
        // The processor would log a failure of each batch, and would not finish its shutdown.
        done({ code: SUCCESS })
      }
      unfinished.add(finish)
      const timer = setTimeout(giveUp, timeoutMs, finish, `the export took longer than ${timeoutMs} ms`)
      exporter.export(spans, finish)
    },
    abandon() {
      for (const finish of unfinished) giveUp(finish, 'the gateway stopped before the export ended')
    },
    get exported() {
      return exported
    },
    get dropped() {
      return dropped
    },
    shutdown: () => exporter.shutdown(),
    forceFlush: async () => exporter.forceFlush?.(),
  }
}

function giveUp(finish: Finish, reason: string): void {
  finish({ code: FAILED, error: new Error(reason) })
}
