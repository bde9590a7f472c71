/** The shutdown: announces it, serves new calls for a time, waits for running calls, cuts the rest, and settles all. */

import { setTimeout as wait } from 'node:timers/promises'
import type { FastifyInstance } from 'fastify'
import { unavailable } from '../outages.ts'

const CLOSE_EVERY = 50
/** Milliseconds for the end of the calls that were cut. */
const LAST_SETTLING = 5000

export async function drain(
  app: FastifyInstance,
  { delayMs, limitMs }: { delayMs: number; limitMs: number },
) {
  app.drain()
  app.log.info({ running: app.running.size }, 'draining: not ready any more, still serving')
  await wait(delayMs)
  app.server.close()
  // Repeated, because each stream that ends leaves an idle connection, on which its caller could send another call.
  const closing = setInterval(() => app.server.closeIdleConnections(), CLOSE_EVERY)
  const idle = app.idle()
  await Promise.race([idle, wait(limitMs)])
  if (app.running.size > 0) app.log.warn({ running: app.running.size }, 'cutting what still runs')
  for (const { request } of [...app.running]) {
    request.cut?.(
      unavailable(
        'restarting',
        'The gateway restarts; send the call again.',
        'cut at the end',
        'interrupted',
      ),
    )
  }
  await Promise.race([idle, wait(LAST_SETTLING)])
  clearInterval(closing)
  // No call runs now. An open connection has sent an incomplete request at most.
  app.server.closeAllConnections()
  await app.close()
}
