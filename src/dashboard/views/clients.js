/** Clients: who may call, what they have spent, and where they stand. */

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { Badge } from '../components/badge.js'
import { Field } from '../components/field.js'
import { Icon } from '../components/icon.js'
import { BudgetCell } from '../components/meter.js'
import { Page } from '../components/page.js'
import { Empty, Loaded } from '../components/states.js'
import { tell } from '../components/toast.js'
import { useData } from '../data.js'
import { count } from '../format.js'
import { ask, clientHref, go } from '../router.js'
import { mayChange } from '../session.js'
import { ClientDialog } from './client/dialog.js'

/** @import { Client, Place } from '../types.ts' */

/** @param {{ place: Place }} props */
export function Clients({ place: { query } }) {
  const [isNew, setNew] = useState(false)
  const clients = useData('/clients?state=true&limit=1000', { every: 10_000 })
  const wanted = query.find ?? ''
  const make = () => setNew(true)
  return html`<${Page}
    title="Clients"
    lead="A client is whoever has a budget of its own: a service, a product, a person."
    actions=${mayChange() && html`<button type="button" class="button is-primary" onClick=${make}><${Icon} name="plus" />New client</button>`}
  >
    <${Loaded} of=${clients} lines=${8}>
      ${(/** @type {{ clients: Client[], next?: string }} */ { clients: all, next }) => {
        if (all.length === 0)
          return html`<section class="card"><${Empty} title="No clients yet">
            A client has keys, limits and a budget. Make one, give its key to a service, and its calls show up here.
            ${mayChange() && html`<p><button type="button" class="button is-primary" onClick=${make}>Make the first client</button></p>`}
          <//></section>`
        const shown = all.filter(({ name, team = '' }) =>
          `${name} ${team}`.toLowerCase().includes(wanted.toLowerCase()),
        )
        return html`<div class="filters" role="search">
            <div class="filter is-search"><${Field} label="Find" name="find" placeholder="Find a client or team" value=${wanted} onInput=${(/** @type {string} */ find) => ask({ find }, { replace: true })} /></div>
            <span class="quiet">${shown.length === all.length ? `${count(all.length)} clients` : `${count(shown.length)} of ${count(all.length)}`}</span>
          </div>
          <section class="card is-flush" aria-label="Clients">
            ${shown.length === 0 ? html`<${Empty} title="No client fits" />` : html`<${Table} clients=${shown} />`}
          </section>
          ${next && html`<p class="note">The first 1,000 clients, by name.</p>`}`
      }}
    <//>
    ${
      isNew &&
      html`<${ClientDialog}
        onClose=${() => setNew(false)}
        onDone=${(/** @type {Client} */ { name }) => {
          tell(`${name} was made. Now make a key for it.`)
          go(clientHref(name))
        }}
      />`
    }
  <//>`
}

/** @param {{ clients: Client[] }} props */
function Table({ clients }) {
  return html`<table class="table is-picked">
    <thead><tr><th scope="col">Client</th><th scope="col" class="hide-m">Models</th><th scope="col" class="wide">Today</th><th scope="col" class="wide hide-s">This month</th><th scope="col" class="num hide-m">Running</th></tr></thead>
    <tbody>
      ${clients.map(
        ({ name, team, models, disabled, state }) => html`<tr
          key=${name}
          onClick=${(/** @type {MouseEvent} */ event) => !(event.target instanceof Element && event.target.closest('a')) && go(clientHref(name))}
        >
          <th scope="row"><a class="row-link" href=${clientHref(name)}>${name}</a>${disabled && html` <${Badge} tone="warn">Disabled<//>`}<span class="sub">${team ?? ''}</span></th>
          <td class="hide-m"><${Models} models=${models} /></td>
          <td><${BudgetCell} money=${state?.day} label="${name} today" /></td>
          <td class="hide-s"><${BudgetCell} money=${state?.month} label="${name} this month" /></td>
          <td class="num hide-m">${state ? count(state.concurrency.running) : '–'}</td>
        </tr>`,
      )}
    </tbody>
  </table>`
}

/** @param {{ models: string[] | undefined }} props */
export function Models({ models }) {
  if (!models) return html`<span class="quiet">All models</span>`
  if (models.length === 0) return html`<span class="quiet">None</span>`
  return html`<span class="tags">${models.slice(0, 3).map(model => html`<code>${model}</code>`)}${models.length > 3 && html`<span class="quiet">+${models.length - 3}</span>`}</span>`
}
