/** The viewers of this replica. They share one read of the feed, and a slow viewer is disconnected. */

import type { ServerResponse } from 'node:http'
import { type Filter, fits } from './call.ts'
import type { Batch } from './feed.ts'

export interface Viewers {
  readonly size: number
  add(response: ServerResponse, filter: Filter): void
  show(batches: Batch[]): void
  /** Keeps connections open through proxies that close idle ones, and ends connections that are too old. */
  beat(): void
  endAll(): void
}

/** Bytes that may wait for one viewer in this process. */
const UNREAD = 1_048_576
/** A viewer then connects again, so that its token is checked again. */
const LONGEST = 60_000

/** `onAdd` runs when a viewer has come. */
export function createViewers(onAdd: () => void): Viewers {
  const viewers = new Map<ServerResponse, { filter: Filter; until: number }>()

  function send(response: ServerResponse, text: string) {
    if (response.writableLength > UNREAD) response.destroy()
    else response.write(text)
  }

  return {
    get size() {
      return viewers.size
    },
    add(response, filter) {
      viewers.set(response, { filter, until: performance.now() + LONGEST })
      response.once('close', () => viewers.delete(response))
      response.write('retry: 2000\n\n')
      onAdd()
    },
    show(batches) {
      for (const { id, calls, skipped } of batches) {
        for (const [response, { filter }] of viewers) {
          const shown = calls.filter(call => fits(filter, call))
          if (shown.length === 0 && skipped === 0) continue
          send(response, `id: ${id}\nevent: calls\ndata: ${JSON.stringify({ calls: shown, skipped })}\n\n`)
        }
      }
    },
    beat() {
      for (const [response, { until }] of viewers) {
        if (performance.now() > until) response.end()
        else send(response, ': still here\n\n')
      }
    },
    endAll() {
      for (const response of viewers.keys()) response.end()
    },
  }
}
