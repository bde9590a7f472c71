/** Spans on their way to the collector: in batches, one at a time, from a queue that is bounded. A collector that is away costs spans, nothing else. */

import type { FastifyBaseLogger } from 'fastify'
import { Agent, request } from 'undici'
import { envelope, type Span } from './otlp.ts'

export interface Spans {
  push(spans: Span[]): void
  /** Since the start: how many the collector took, and how many were given up. */
  readonly exported: number
  readonly dropped: number
  /** Sends what waits, as far as it goes within the limit. */
  stop(limitMs: number): Promise<void>
}

export interface SpansOptions {
  url: string
  headers: Record<string, string>
  resource: Record<string, string>
  version: string
  log: FastifyBaseLogger
  /** Spans that may wait. */
  most?: number
  everyMs?: number
  timeoutMs?: number
}

const BATCH = 512
const FIRST_RETRY = 1000
const LAST_RETRY = 30_000
const ANSWER_BYTES = 65_536
/** The collector may take the same spans later. */
const LATER = new Set([429, 502, 503, 504])

export function createSpans(options: SpansOptions): Spans {
  const { url, headers, log, most = 8192, everyMs = 1000, timeoutMs = 10_000 } = options
  const dispatcher = new Agent({ connect: { timeout: timeoutMs } })
  const ticking = setInterval(flush, everyMs).unref()
  let waiting: Span[] = []
  let sending: Promise<void> | undefined
  let pausedUntil = 0
  let failures = 0
  let refusing = false
  let exported = 0
  let dropped = 0

  function flush() {
    if (waiting.length > 0 && performance.now() >= pausedUntil) sending ??= sendAll()
  }

  /** A failure ends the round; the same spans go first in the next one. */
  async function sendAll(): Promise<void> {
    try {
      while (waiting.length > 0) {
        const batch = waiting.slice(0, BATCH)
        const rejected = await post(batch)
        // What came meanwhile stands behind the batch, and the queue takes nothing off its front.
        waiting = waiting.slice(batch.length)
        exported += batch.length - rejected
        dropped += rejected
        if (rejected > 0) log.debug({ rejected }, 'the collector rejected spans')
        if (failures > 0) log.info('traces are exported again')
        failures = 0
      }
    } catch (error) {
      pausedUntil = performance.now() + Math.min(LAST_RETRY, FIRST_RETRY * 2 ** failures)
      if (failures++ === 0)
        log.warn({ err: error }, 'traces are not exported; spans wait, and then are dropped')
    }
    sending = undefined
  }

  /** Resolves to how many spans were rejected for good; rejects where the same ones should be sent again. */
  async function post(batch: Span[]): Promise<number> {
    const answer = await request(url, {
      dispatcher,
      method: 'POST',
      headers: { ...headers, 'content-type': 'application/json' },
      body: envelope(batch, options),
      signal: AbortSignal.timeout(timeoutMs),
    })
    const { statusCode } = answer
    if (statusCode >= 200 && statusCode < 300) {
      refusing = false
      return rejectedIn(await answer.body.text())
    }
    await answer.body.dump({ limit: ANSWER_BYTES })
    if (LATER.has(statusCode)) throw new Error(`the collector answered ${statusCode}`)
    if (!refusing) log.warn({ status: statusCode }, 'the collector refuses spans')
    refusing = true
    return batch.length
  }

  return {
    push(spans) {
      if (waiting.length + spans.length > most) {
        dropped += spans.length
        return
      }
      waiting.push(...spans)
      if (waiting.length >= BATCH) flush()
    },
    get exported() {
      return exported
    },
    get dropped() {
      return dropped
    },
    async stop(limitMs) {
      clearInterval(ticking)
      pausedUntil = 0
      const deadline = new Promise(resolve => setTimeout(resolve, limitMs).unref())
      await Promise.race([deadline, (sending ?? Promise.resolve()).then(sendAll)])
      await dispatcher.destroy()
    },
  }
}

/** A partial success names how many were rejected; everything else in a good answer says nothing. */
function rejectedIn(answer: string): number {
  const rejected = /"rejectedSpans"\s*:\s*"?(\d+)/.exec(answer)?.[1]
  return Number(rejected ?? 0)
}
