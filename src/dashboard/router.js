/** The address selects the view (path) and its filters (query). Back, forward and reload therefore work. */

import { createStore } from './store.js'

/** @import { Place } from './types.ts' */

const BASE = '/dashboard'

/** @returns {Place} */
function read() {
  const { pathname, search } = location
  const path = pathname.slice(BASE.length).split('/').filter(Boolean).map(decodeURIComponent)
  return { path, query: Object.fromEntries(new URLSearchParams(search)) }
}

export const place = createStore(read())

addEventListener('popstate', () => place.set(read()))

/**
 * The address of a view. Empty values are left out.
 * @param {string} path such as `/clients/frontend`, with encoded names
 * @param {Record<string, string | undefined>} [query]
 */
export function href(path, query = {}) {
  const asked = Object.entries(query).flatMap(([name, value]) => (value ? [[name, value]] : []))
  const text = new URLSearchParams(asked).toString()
  return `${BASE}${path === '/' ? '' : path}${text && `?${text}`}`
}

/** @param {string} name */
export function clientHref(name) {
  return href(`/clients/${encodeURIComponent(name)}`)
}

/** @param {string} name */
export function teamHref(name) {
  return href(`/teams/${encodeURIComponent(name)}`)
}

/** The page of a scope such as `team:web`. @param {string | null | undefined} scope */
export function scopeHref(scope) {
  const [kind = '', ...name] = (scope ?? '').split(':')
  if (kind === 'client') return clientHref(name.join(':'))
  if (kind === 'team') return teamHref(name.join(':'))
  return href('/limits')
}

/** The address of the same view with other filters; undefined removes one. @param {Record<string, string | undefined>} changes */
export function here(changes) {
  const { path, query } = place.get()
  return href(`/${path.map(encodeURIComponent).join('/')}`, { ...query, ...changes })
}

/**
 * @param {string} address
 * @param {{ replace?: boolean }} [options]
 */
export function go(address, { replace = false } = {}) {
  if (replace) history.replaceState(null, '', address)
  else history.pushState(null, '', address)
  const before = place.get()
  place.set(read())
  if (before.path.join('/') !== place.get().path.join('/')) scrollTo(0, 0)
}

/**
 * The same view with other filters. Undefined removes a filter.
 * @param {Record<string, string | undefined>} changes
 * @param {{ replace?: boolean }} [options]
 */
export function ask(changes, options) {
  go(here(changes), options)
}

/** Handles plain clicks on links of the page. The browser handles all other clicks. */
addEventListener('click', event => {
  const target = event.target instanceof Element ? event.target.closest('a') : null
  if (!target || event.defaultPrevented || event.button !== 0 || target.target) return
  if (event.metaKey || event.ctrlKey || event.shiftKey || event.altKey) return
  if (target.origin !== location.origin || !target.pathname.startsWith(BASE) || target.hash) return
  event.preventDefault()
  go(target.pathname + target.search)
})
