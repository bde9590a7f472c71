/** Who is signed in: the token stays in this tab, and goes with it. */

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

/** Undefined: nobody is. `ended` says why, if somebody was. */
export const session = createStore(/** @type {Session | undefined} */ (undefined))
export const ended = createStore('')

/** @param {Session} begun */
export function begin(begun) {
  try {
    sessionStorage.setItem(NAME, begun.token)
  } catch {
    // Then it holds until the next reload.
  }
  ended.set('')
  session.set(begun)
}

/** @param {string} [why] */
export function end(why = '') {
  try {
    sessionStorage.removeItem(NAME)
  } catch {
    // There was none.
  }
  ended.set(why)
  session.set(undefined)
}

export function mayChange() {
  return session.get()?.role === 'admin'
}
