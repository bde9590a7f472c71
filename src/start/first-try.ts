/** No port is opened before each store was tried once: a store that refuses ends the start, one that is away is waited for later. */

import type { FastifyInstance } from 'fastify'

export interface FirstTry {
  /** The store answered, or is away. */
  done(): void
  /** Waiting does not help. Ends the start, or, where a port is open by now, the process. */
  refuse(fault: string): void
}

/** A store that says nothing for so long is away, in milliseconds. */
const PATIENCE = 10_000

export function firstTry(app: FastifyInstance): FirstTry {
  const tried = Promise.withResolvers<void>()
  // The hook may not wait for it yet.
  tried.promise.catch(() => {})
  let isTried = false
  app.addHook('onReady', async function waitForFirstTry() {
    const timer = setTimeout(done, PATIENCE)
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
      // Uncaught, it ends the process with its grace.
      queueMicrotask(() => {
        throw error
      })
    },
  }
}
