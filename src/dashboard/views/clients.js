/** Clients, with their spend and current usage. */

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { question } from '../api.js'
import { Badge } from '../components/badge.js'
import { allRows, DownloadCsv } from '../components/csv.js'
import { Select } from '../components/field.js'
import { Find, PickFilter } from '../components/filter.js'
import { Icon } from '../components/icon.js'
import { BudgetCell } from '../components/meter.js'
import { TeamName } from '../components/names.js'
import { Page } from '../components/page.js'
import { Pager } from '../components/pager.js'
import { useTeams } from '../components/picker.js'
import { Empty, Loaded } from '../components/states.js'
import { showToast } from '../components/toast.js'
import { useData } from '../data.js'
import { count } from '../format.js'
import { ask, clientHref, go, href } from '../router.js'
import { mayChange } from '../session.js'
import { ClientDialog } from './client/dialog.js'

/** @import { Client, Place } from '../types.ts' */

export const PAGE = 50
/** @type {[string, string][]} */
export const clientSorts = [
  ['', 'By name'],
  ['budget', 'Fullest budget first'],
  ['day', 'Most spent today'],
  ['month', 'Most spent this month'],
]

/** @typedef {{ clients: Client[], next?: string, total?: number }} Listed */

/** @type {[string, (client: Client) => import('../components/csv.js').Cell][]} */
export const csvColumns = [
  ['name', ({ name }) => name],
  ['team', ({ team }) => team],
  ['models', ({ models }) => models?.join(' ')],
  ['disabled', ({ disabled }) => disabled ?? false],
  ['budgetDayUsd', ({ budget }) => budget?.day],
  ['spentDayUsd', ({ state }) => state?.day?.spentUsd],
  ['heldDayUsd', ({ state }) => state?.day?.heldUsd],
  ['budgetMonthUsd', ({ budget }) => budget?.month],
  ['spentMonthUsd', ({ state }) => state?.month?.spentUsd],
  ['heldMonthUsd', ({ state }) => state?.month?.heldUsd],
  ['running', ({ state }) => state?.concurrency.running],
]

/** @param {{ place: Place }} props */
export function Clients({ place: { query } }) {
  const { find, team, sort, cursor } = query
  const [isNew, setNew] = useState(false)
  const clients = useData(
    question('/clients', {
      ...{ search: find, team, sort, cursor, state: 'true', total: 'true', limit: String(PAGE) },
    }),
    { every: 10_000, isKept: true },
  )
  const isFiltered = Boolean(find || team)
  const make = () => setNew(true)
  const refine = (/** @type {Record<string, string>} */ changes) => ask({ ...changes, cursor: undefined })
  return html`<${Page}
    title="Clients"
    lead="A client is a service, a product or a person with its own keys and budget."
    actions=${mayChange() && html`<button type="button" class="button is-primary" onClick=${make}><${Icon} name="plus" />New client</button>`}
  >
    <div class="filters" role="search" aria-label="Find clients">
      <${Find} label="Find" name="find" placeholder="Find a client or team" value=${find ?? ''} onFind=${(/** @type {string} */ text) => ask({ find: text, cursor: undefined }, { replace: true })} />
      <${PickFilter} label="Team" name="team" value=${team ?? ''} useSuggestions=${useTeams} onPick=${(/** @type {string} */ value) => refine({ team: value })} />
      <${Select} isCompact label="Order" value=${sort ?? ''} options=${clientSorts} onPick=${(/** @type {string} */ value) => refine({ sort: value })} />
      ${isFiltered && html`<a class="button is-ghost is-small" href=${href('/clients', { sort })}>Clear</a>`}
      <${DownloadCsv} name="clients" columns=${csvColumns} rows=${() => allRows('/clients', { search: find, team, sort, state: 'true' }, 'clients')} />
      <${Total} of=${clients.data} isFiltered=${isFiltered} />
    </div>
    <${Loaded} of=${clients} lines=${8}>
      ${(/** @type {Listed} */ { clients: found, next }) => {
        if (found.length === 0 && !isFiltered && !cursor)
          return html`<section class="card"><${Empty} title="No clients">
            A client has keys, limits and a budget. Create a client and give its key to a service. Its calls appear here.
            ${mayChange() && html`<p><button type="button" class="button is-primary" onClick=${make}>Create the first client</button></p>`}
          <//></section>`
        return html`<section class="card is-flush" aria-label="Clients">
          ${found.length === 0 ? html`<${Empty} title="No matching client" />` : html`<${ClientTable} clients=${found} />`}
          <${Pager} next=${next} cursor=${cursor} />
        </section>`
      }}
    <//>
    ${
      isNew &&
      html`<${ClientDialog}
        onClose=${() => setNew(false)}
        onDone=${(/** @type {Client} */ { name }) => {
          showToast(`${name} was made. Now make a key for it.`)
          go(clientHref(name))
        }}
      />`
    }
  <//>`
}

/** @param {{ of: unknown, isFiltered: boolean }} props */
function Total({ of, isFiltered }) {
  const { total } = /** @type {Partial<Listed>} */ (of ?? {})
  if (total === undefined) return null
  const clients = total === 1 ? 'client' : 'clients'
  return html`<span class="quiet" role="status">${count(total)} ${clients}${isFiltered ? ' found' : ''}</span>`
}

/** @param {{ clients: Client[], isOneTeam?: boolean }} props */
export function ClientTable({ clients, isOneTeam = false }) {
  return html`<table class="table is-picked">
    <thead><tr><th scope="col">Client</th><th scope="col" class="hide-m">Models</th><th scope="col" class="wide">Today</th><th scope="col" class="wide hide-s">This month</th><th scope="col" class="num hide-m">Running</th></tr></thead>
    <tbody>
      ${clients.map(
        ({ name, team, models, disabled, state }) => html`<tr
          key=${name}
          onClick=${(/** @type {MouseEvent} */ event) => !(event.target instanceof Element && event.target.closest('a')) && go(clientHref(name))}
        >
          <th scope="row"><a class="row-link" href=${clientHref(name)}>${name}</a>${disabled && html` <${Badge} tone="warn">Disabled<//>`}${!isOneTeam && html`<span class="sub"><${TeamName} name=${team} /></span>`}</th>
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
