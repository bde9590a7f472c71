/** The reason of a refusal, with advice. */

import { html } from 'htm/preact'
import { clientHref, href, scopeHref } from '../../router.js'
import { reasonOf, scopeWords } from '../../words.js'

/** @param {{ reason: string, scope?: string | null | undefined, client?: string | null | undefined, model?: string | undefined, error?: string | undefined }} props */
export function Why({ reason, scope, client, model, error }) {
  const { title, meaning, toDo } = reasonOf(reason)
  return html`<div class="why">
    <p class="why-title">${title}${scope && html`<span class="quiet"> · ${scopeWords(scope)}</span>`} <code>${reason}</code></p>
    <p>${meaning}</p>
    ${error && html`<p class="quote">${error}</p>`}
    ${toDo && html`<p><strong>Advice:</strong> ${toDo}</p>`}
    <p class="why-links">
      ${scope?.startsWith('client:') && html`<a class="button is-small" href=${clientHref(scope.slice(7))}>Settings of ${scope.slice(7)}</a>`}
      ${!scope?.startsWith('client:') && client && html`<a class="button is-small" href=${clientHref(client)}>Settings of ${client}</a>`}
      ${scope && !scope.startsWith('client:') && html`<a class="button is-small" href=${scopeHref(scope)}>${scope.startsWith('team:') ? `Limits of ${scope.slice(5)}` : 'Limits'}</a>`}
      ${client && model && html`<a class="button is-small" href=${href('/explain', { client, model })}>Explain</a>`}
    </p>
  </div>`
}
