/** One team: its limits and current use, its spend and its clients. */

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { question } from '../api.js'
import { allRows, DownloadCsv } from '../components/csv.js'
import { Select } from '../components/field.js'
import { Find } from '../components/filter.js'
import { Icon } from '../components/icon.js'
import { Card, Page } from '../components/page.js'
import { Pager } from '../components/pager.js'
import { Segmented } from '../components/segmented.js'
import { Empty, Loaded, Stale, Unloaded } from '../components/states.js'
import { useData } from '../data.js'
import { count } from '../format.js'
import { ask, href } from '../router.js'
import { mayChange } from '../session.js'
import { ClientTable, clientSorts, csvColumns, PAGE } from './clients.js'
import { CurrentUsagePanel } from './limits/current-usage.js'
import { LimitsDialog } from './limits/dialog.js'
import { SpendOver } from './team/spend.js'

/** @import { Place, Team } from '../types.ts' */

/** The panels while the team is loading. @type {[title: string, lines: number][]} */
const PANELS = [
  ['Current usage', 3],
  ['Spend', 8],
  ['Clients', 6],
]

/** @param {{ name: string, place: Place }} props */
export function TeamView({ name, place: { query } }) {
  const [isEdited, setEdited] = useState(false)
  /** @type {import('../data.js').Followed<Team>} */
  const { data: team, failure, reload } = useData(`/teams/${encodeURIComponent(name)}`, { every: 5000 })
  const back = html`<a class="back" href=${href('/teams')}><${Icon} name="left" />Teams</a>`
  if (!team) {
    const isUnknown = failure?.status === 404
    return html`<${Page} title=${name} back=${back}>
      ${isUnknown ? html`<${Empty} title="Team not found"><a href=${href('/teams')}>All teams</a><//>` : html`<${Unloaded} of=${{ data: undefined, failure, reload }} panels=${PANELS} />`}
    <//>`
  }
  const by = query.by === 'model' ? 'model' : 'client'
  const actions = html`<a class="button" href=${href('/calls', { team: name })}>Calls of this team</a>
    <a class="button" href=${href('/changes', { target: `team:${name}` })}>Change history</a>
    ${mayChange() && html`<button type="button" class="button is-primary" onClick=${() => setEdited(true)}>Change limits</button>`}`
  return html`<${Page} title=${name} back=${back} lead="Limits and a budget that all clients of this team share." actions=${actions}>
    ${failure && html`<${Stale} failure=${failure} />`}
    <${Card} title="Current usage"><${CurrentUsagePanel} settings=${team} state=${team.state} /><//>
    <${Card}
      title="Spend"
      note="last 30 days"
      isFlush
      actions=${html`<${Segmented} label="Group by" options=${[['client', 'Client'], ['model', 'Model']]} value=${by} onPick=${(/** @type {string} */ value) => ask({ by: value === 'client' ? undefined : value }, { replace: true })} />`}
    >
      <${SpendOver} of=${name} filter=${{ team: team.id }} by=${by} />
    <//>
    <${Members} team=${name} query=${query} />
    ${
      isEdited &&
      html`<${LimitsDialog} kind="team" name=${name} settings=${team} onClose=${() => setEdited(false)} onDone=${() => {
        setEdited(false)
        reload()
      }} />`
    }
  <//>`
}

/** @param {{ team: string, query: Record<string, string> }} props */
function Members({ team, query: { find, sort = 'budget', cursor } }) {
  /** @type {import('../data.js').Followed<import('./clients.js').Listed>} */
  const clients = useData(
    question('/clients', {
      ...{ team, search: find, sort, cursor, state: 'true', total: 'true', limit: String(PAGE) },
    }),
    { every: 10_000, isKept: true },
  )
  const total = clients.data?.total
  const tools = html`<div class="filters" role="search" aria-label="Find clients of this team">
    <${Find} label="Find" name="find" placeholder="Find a client" value=${find ?? ''} onFind=${(/** @type {string} */ text) => ask({ find: text, cursor: undefined }, { replace: true })} />
    <${Select} isCompact label="Order" value=${sort} options=${clientSorts.map(([value, text]) => [value || 'name', text])} onPick=${(/** @type {string} */ value) => ask({ sort: value === 'budget' ? undefined : value, cursor: undefined })} />
    <${DownloadCsv} name="clients-of-${team}" columns=${csvColumns} rows=${() => allRows('/clients', { team, search: find, sort, state: 'true' }, 'clients')} />
  </div>`
  return html`<${Card} title="Clients" note=${total === undefined ? '' : count(total)} isFlush actions=${tools}>
    <${Loaded} of=${clients} lines=${6}>
      ${(/** @type {import('./clients.js').Listed} */ { clients: found, next }) => html`
        ${found.length === 0 ? html`<${Empty} title=${find ? 'No matching client' : 'No clients in this team'}>${!find && 'The settings of a client name its team.'}<//>` : html`<${ClientTable} clients=${found} isOneTeam />`}
        <${Pager} next=${next} cursor=${cursor} />`}
    <//>
  <//>`
}
