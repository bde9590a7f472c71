/** No port opens before each store was tried once. A store that refuses ends the start; a store that is away is tried again later. */

import type { FastifyInstance } from 'fastify'

export interface FirstTry {
  /** The store answered, or is away. */
  done(): void
  /** Reports a fault that waiting does not fix. Ends the start, or the process if a port is open already. */
  refuse(fault: string): void
}

/** A store that does not answer within this time counts as away, in milliseconds. */
const TIMEOUT_MS = 10_000

export function firstTry(app: FastifyInstance): FirstTry {
  const tried = Promise.withResolvers<void>()
  // No unhandled rejection if the hook does not wait yet.
  tried.promise.catch(() => {})
  let isTried = false
  app.addHook('onReady', async function waitForFirstTry() {
    const timer = setTimeout(done, TIMEOUT_MS)
    await tried.promise.finally(() => clearTimeout(timer))
  })

  function done() {
    isTried = true
    tried.resolve()
  }

  return {
    done,
    refuse(fault) {
      const error = new Error(fault)
      if (!isTried) return tried.reject(error)
      // An uncaught exception stops the process gracefully.
      queueMicrotask(() => {
        throw error
      })
    },
  }
}
