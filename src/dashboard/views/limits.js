/** Limits, budgets and current use of the gateway, of each team and of each client. */

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { question } from '../api.js'
import { allRows, DownloadCsv } from '../components/csv.js'
import { Select } from '../components/field.js'
import { Find } from '../components/filter.js'
import { Icon } from '../components/icon.js'
import { Card, Page } from '../components/page.js'
import { Pager } from '../components/pager.js'
import { Empty, Loaded } from '../components/states.js'
import { useData } from '../data.js'
import { ask, clientHref, href, teamHref } from '../router.js'
import { mayChange } from '../session.js'
import { clientSorts } from './clients.js'
import { CurrentUsagePanel } from './limits/current-usage.js'
import { LimitsDialog } from './limits/dialog.js'
import { ScopesTable, scopeColumns } from './limits/scopes.js'

/** @import { Client, Gateway, Place, Settings, Team } from '../types.ts' */

const EVERY = 5000
const PAGE = 20

/** @typedef {{ kind: 'gateway' | 'team', name: string, settings: Settings } | undefined} Edited */

/** @param {{ place: Place }} props */
export function Limits({ place: { query } }) {
  const { find, sort, teams: teamsFrom, clients: clientsFrom } = query
  const [edited, setEdited] = useState(/** @type {Edited} */ (undefined))
  const page = { search: find, state: 'true', limit: String(PAGE) }
  /** @type {import('../data.js').Followed<Gateway>} */
  const gateway = useData('/gateway', { every: EVERY })
  const teams = useData(question('/teams', { ...page, cursor: teamsFrom }), { every: EVERY, isKept: true })
  const clients = useData(question('/clients', { ...page, sort, cursor: clientsFrom }), {
    every: EVERY,
    isKept: true,
  })
  const close = () => setEdited(undefined)
  const done = () => {
    close()
    gateway.reload()
    teams.reload()
  }
  const search = (/** @type {string} */ text) =>
    ask({ find: text, teams: undefined, clients: undefined }, { replace: true })
  return html`<${Page} title="Limits" lead="The limits of the client, the team and the whole gateway apply to each call. Held: the amount that running calls may still spend.">
    <${Card}
      title="Whole gateway"
      actions=${mayChange() && gateway.data && html`<button type="button" class="button is-small" onClick=${() => setEdited({ kind: 'gateway', name: 'Whole gateway', settings: gateway.data ?? {} })}>Change</button>`}
    >
      <${Loaded} of=${gateway}>${(/** @type {Gateway} */ found) => html`<${CurrentUsagePanel} settings=${found} state=${found.state} />`}<//>
    <//>
    <div class="filters" role="search" aria-label="Find limits">
      <${Find} label="Find" name="find" placeholder="Find a client or team" value=${find ?? ''} onFind=${search} />
      <${Select} isCompact label="Order of clients" value=${sort ?? ''} options=${clientSorts} onPick=${(/** @type {string} */ value) => ask({ sort: value, clients: undefined })} />
    </div>
    <${Card}
      title="Teams"
      isFlush
      actions=${html`<${DownloadCsv} name="limits-of-teams" columns=${scopeColumns} rows=${() => allRows('/teams', { search: find, state: 'true' }, 'teams')} />${mayChange() && html`<button type="button" class="button is-small" onClick=${() => setEdited({ kind: 'team', name: '', settings: {} })}><${Icon} name="plus" />New team</button>`}`}
    >
      <${Loaded} of=${teams}>
        ${(/** @type {{ teams: Team[], next?: string }} */ { teams: found, next }) => html`
          ${
            found.length === 0
              ? html`<${Empty} title=${find ? 'No matching team' : 'No teams'}>${!find && 'A team shares limits and a budget among its clients. Create one here, or name one in the settings of a client.'}<//>`
              : html`<${ScopesTable} label="Limits of teams" scopes=${found.map(team => ({ name: team.name, address: teamHref(team.name), settings: team, state: team.state, edit: mayChange() ? () => setEdited({ kind: 'team', name: team.name, settings: team }) : undefined }))} />`
          }
          <${Pager} next=${next} cursor=${teamsFrom} of="teams" />`}
      <//>
    <//>
    <${Card} title="Clients" isFlush actions=${html`<${DownloadCsv} name="limits-of-clients" columns=${scopeColumns} rows=${() => allRows('/clients', { search: find, sort, state: 'true' }, 'clients')} /><a class="button is-small" href=${href('/clients')}>Manage clients</a>`}>
      <${Loaded} of=${clients}>
        ${(/** @type {{ clients: Client[], next?: string }} */ { clients: found, next }) => html`
          ${found.length === 0 ? html`<${Empty} title=${find ? 'No matching client' : 'No clients'} />` : html`<${ScopesTable} label="Limits of clients" scopes=${found.map(client => ({ name: client.name, address: clientHref(client.name), settings: client, state: client.state }))} />`}
          <${Pager} next=${next} cursor=${clientsFrom} of="clients" />`}
      <//>
    <//>
    ${edited && html`<${LimitsDialog} ...${edited} onClose=${close} onDone=${done} />`}
  <//>`
}
