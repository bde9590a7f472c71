/** Data of views: requested at once and then periodically, kept during a request, and not requested while the tab is hidden. */

import { useCallback, useEffect, useRef, useState } from 'preact/hooks'
import { api, Failure } from './api.js'
import { session } from './session.js'

/** The last responses. A view that is shown again has data at once. */
/** @type {Map<string, unknown>} */
const known = new Map()
const KNOWN = 100

session.follow(() => known.clear())

/**
 * @template T
 * @typedef {{ data: T | undefined, failure: Failure | undefined, isLoading: boolean, reload: () => Promise<void> }} Followed
 */

/**
 * @template T
 * @param {string | undefined} path behind /admin; undefined sends no request
 * @param {{ every?: number, isKept?: boolean }} [options] `every`: milliseconds; 0 sends one request. `isKept`: the previous data is shown until the new data is loaded.
 * @returns {Followed<T>}
 */
export function useData(path, { every = 15_000, isKept = false } = {}) {
  const [, again] = useState({})
  /** @type {{ current: { path: string | undefined, data: T | undefined, failure: Failure | undefined } }} */
  const held = useRef({ path: undefined, data: undefined, failure: undefined })
  if (held.current.path !== path)
    held.current = {
      path,
      data:
        path === undefined
          ? undefined
          : /** @type {T | undefined} */ (known.get(path) ?? (isKept ? held.current.data : undefined)),
      failure: undefined,
    }

  const load = useCallback(
    /** @param {AbortSignal} [signal] */
    async signal => {
      if (path === undefined) return
      try {
        const data = await api(path, signal ? { signal } : {})
        if (signal?.aborted || held.current.path !== path) return
        remember(path, data)
        held.current = { path, data, failure: undefined }
      } catch (error) {
        if (signal?.aborted || held.current.path !== path) return
        if (!(error instanceof Failure)) throw error
        held.current = { ...held.current, failure: error }
      }
      again({})
    },
    [path],
  )

  useEffect(() => {
    const gone = new AbortController()
    load(gone.signal)
    const look = () => document.visibilityState === 'visible' && load(gone.signal)
    const timer = every > 0 ? setInterval(look, every) : undefined
    document.addEventListener('visibilitychange', look, { signal: gone.signal })
    return () => {
      gone.abort()
      clearInterval(timer)
    }
  }, [load, every])

  const { data, failure } = held.current
  const reload = useCallback(() => load(), [load])
  return {
    data,
    failure,
    isLoading: path !== undefined && data === undefined && failure === undefined,
    reload,
  }
}

/**
 * @param {string} path
 * @param {unknown} data
 */
function remember(path, data) {
  known.delete(path)
  known.set(path, data)
  const oldest = known.keys().next()
  if (known.size > KNOWN && !oldest.done) known.delete(oldest.value)
}
