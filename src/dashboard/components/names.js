/** Names as links to the page of a client, team or scope. */

import { html } from 'htm/preact'
import { clientHref, scopeHref, teamHref } from '../router.js'
import { scopeWords } from '../words.js'

/** @param {{ name: string | null | undefined }} props */
export function ClientName({ name }) {
  return name ? html`<a href=${clientHref(name)}>${name}</a>` : null
}

/** @param {{ name: string | null | undefined }} props */
export function TeamName({ name }) {
  return name ? html`<a href=${teamHref(name)}>${name}</a>` : null
}

/** @param {{ scope: string | null | undefined }} props Other scopes than clients, teams and the gateway are plain words. */
export function ScopeName({ scope }) {
  const words = scopeWords(scope)
  if (!scope || !/^(client:|team:|gateway$)/.test(scope)) return words
  return html`<a href=${scopeHref(scope)}>${words}</a>`
}
