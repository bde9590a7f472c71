/** A value that several components read and subscribe to. */

import { useEffect, useState } from 'preact/hooks'

/**
 * @template T
 * @param {T} value
 */
export function createStore(value) {
  /** @type {Set<(value: T) => void>} */
  const followers = new Set()
  return {
    get: () => value,
    /** @param {T} next */
    set(next) {
      value = next
      for (const follow of followers) follow(value)
    },
    /** @param {(value: T) => void} follow */
    follow(follow) {
      followers.add(follow)
      return () => void followers.delete(follow)
    },
  }
}

/**
 * @template T
 * @param {ReturnType<typeof createStore<T>>} store
 * @returns {T}
 */
export function useStore(store) {
  const [, again] = useState({})
  useEffect(() => store.follow(() => again({})), [store])
  return store.get()
}
