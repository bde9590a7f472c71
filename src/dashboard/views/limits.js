/** What everything and each team may do, and where they stand. Clients have a view of their own. */

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { Icon } from '../components/icon.js'
import { BudgetCell, Meter } from '../components/meter.js'
import { Card, Page } from '../components/page.js'
import { Empty, Loaded } from '../components/states.js'
import { useData } from '../data.js'
import { count, shortCount } from '../format.js'
import { href } from '../router.js'
import { mayChange } from '../session.js'
import { LevelDialog } from './limits/level-dialog.js'
import { Standings } from './limits/standings.js'

/** @import { Client, Gateway, Team } from '../types.ts' */

const EVERY = 5000

/** @typedef {{ kind: 'gateway' | 'team', name: string, settings: Gateway } | undefined} Edited */

export function Limits() {
  const [edited, setEdited] = useState(/** @type {Edited} */ (undefined))
  /** @type {import('../data.js').Followed<Gateway>} */
  const gateway = useData('/gateway', { every: EVERY })
  const teams = useData('/teams?state=true&limit=500', { every: EVERY })
  const clients = useData('/clients?state=true&limit=500', { every: EVERY })
  const close = () => setEdited(undefined)
  const done = () => {
    close()
    gateway.reload()
    teams.reload()
  }
  return html`<${Page} title="Limits" lead="A call must fit its client, its team and the whole gateway at once. Held is what running calls may still spend.">
    <${Card}
      title="Whole gateway"
      actions=${mayChange() && gateway.data && html`<button type="button" class="button is-small" onClick=${() => setEdited({ kind: 'gateway', name: 'Whole gateway', settings: gateway.data ?? {} })}>Change</button>`}
    >
      <${Loaded} of=${gateway}>${(/** @type {Gateway} */ found) => html`<${Standings} settings=${found} state=${found.state} />`}<//>
    <//>
    <${Card}
      title="Teams"
      isFlush
      actions=${mayChange() && html`<button type="button" class="button is-small" onClick=${() => setEdited({ kind: 'team', name: '', settings: {} })}><${Icon} name="plus" />New team</button>`}
    >
      <${Loaded} of=${teams}>
        ${(/** @type {{ teams: Team[] }} */ { teams: found }) =>
          found.length === 0
            ? html`<${Empty} title="No teams yet">A team shares limits and a budget among its clients. Name one in a client's settings, or make it here.<//>`
            : html`<${Levels} rows=${found} onEdit=${mayChange() && ((/** @type {Team} */ team) => setEdited({ kind: 'team', name: team.name, settings: team }))} />`}
      <//>
    <//>
    <${Card} title="Clients" isFlush actions=${html`<a class="button is-small" href=${href('/clients')}>Manage clients</a>`}>
      <${Loaded} of=${clients}>
        ${(/** @type {{ clients: Client[] }} */ { clients: found }) => (found.length === 0 ? html`<${Empty} title="No clients yet" />` : html`<${Levels} rows=${found} areClients />`)}
      <//>
    <//>
    ${edited && html`<${LevelDialog} ...${edited} onClose=${close} onDone=${done} />`}
  <//>`
}

/** @param {{ rows: (Team | Client)[], areClients?: boolean, onEdit?: false | ((team: Team) => void) }} props */
function Levels({ rows, areClients = false, onEdit = false }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${areClients ? 'Limits of clients' : 'Limits of teams'}>
    <table class="table">
      <thead>
        <tr>
          <th scope="col">Name</th><th scope="col" class="wide">Today</th><th scope="col" class="wide">This month</th>
          <th scope="col" class="wide">Requests left</th><th scope="col" class="wide">Tokens left</th><th scope="col" class="num">Running</th>
          ${onEdit && html`<th scope="col"><span class="hidden">Change</span></th>`}
        </tr>
      </thead>
      <tbody>
        ${rows.map(
          row => html`<tr key=${row.id}>
            <th scope="row">${areClients ? html`<a href=${href(`/clients/${encodeURIComponent(row.name)}`)}>${row.name}</a>` : row.name}</th>
            <td><${BudgetCell} money=${row.state?.day} label="${row.name} today" /></td>
            <td><${BudgetCell} money=${row.state?.month} label="${row.name} this month" /></td>
            <td><${BucketCell} bucket=${row.state?.requests} per=${row.limits?.requests?.per} label="Requests of ${row.name}" /></td>
            <td><${BucketCell} bucket=${row.state?.tokens} per=${row.limits?.tokens?.per} label="Tokens of ${row.name}" /></td>
            <td class="num">${row.state ? count(row.state.concurrency.running) : '–'}${row.state?.concurrency.max !== undefined && html` <span class="quiet">of ${count(row.state.concurrency.max)}</span>`}</td>
            ${onEdit && html`<td class="num"><button type="button" class="button is-small" aria-label="Change ${row.name}" onClick=${() => onEdit(row)}>Change</button></td>`}
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

/** @param {{ bucket: { capacity: number, available: number } | undefined, per: string | undefined, label: string }} props */
function BucketCell({ bucket, per, label }) {
  if (!bucket) return html`<span class="quiet">–</span>`
  const { capacity, available } = bucket
  return html`<span class="budget-cell">
    <span>${shortCount(available)} <span class="quiet">of ${shortCount(capacity)} / ${per}</span></span>
    <${Meter} used=${capacity - available} limit=${capacity} label=${label} />
  </span>`
}
