/** The session: its token is stored in this tab only. */

import { createStore } from './store.js'

const NAME = 'tollgate-token'

/** @typedef {{ token: string, name: string, role: string }} Session */

/** @returns {string} */
export function keptToken() {
  try {
    return sessionStorage.getItem(NAME) ?? ''
  } catch {
    return ''
  }
}

/** Undefined: signed out. `ended`: the reason of the end of the last session. */
export const session = createStore(/** @type {Session | undefined} */ (undefined))
export const ended = createStore('')

/** @param {Session} begun */
export function begin(begun) {
  try {
    sessionStorage.setItem(NAME, begun.token)
  } catch {
    // The session lasts until the next reload.
  }
  ended.set('')
  session.set(begun)
}

/** @param {string} [why] */
export function end(why = '') {
  try {
    sessionStorage.removeItem(NAME)
  } catch {
    // The browser has no storage.
  }
  ended.set(why)
  session.set(undefined)
}

export function mayChange() {
  return session.get()?.role === 'admin'
}
