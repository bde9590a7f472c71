/** What everything and each team may do, and where they stand. Clients have a view of their own. */

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { Icon } from '../components/icon.js'
import { Card, Page } from '../components/page.js'
import { Empty, Loaded } from '../components/states.js'
import { useData } from '../data.js'
import { clientHref, href } from '../router.js'
import { mayChange } from '../session.js'
import { LevelDialog } from './limits/level-dialog.js'
import { Levels } from './limits/levels.js'
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
            : html`<${Levels} label="Limits of teams" levels=${found.map(team => ({ name: team.name, settings: team, state: team.state, edit: mayChange() ? () => setEdited({ kind: 'team', name: team.name, settings: team }) : undefined }))} />`}
      <//>
    <//>
    <${Card} title="Clients" isFlush actions=${html`<a class="button is-small" href=${href('/clients')}>Manage clients</a>`}>
      <${Loaded} of=${clients}>
        ${(/** @type {{ clients: Client[] }} */ { clients: found }) => (found.length === 0 ? html`<${Empty} title="No clients yet" />` : html`<${Levels} label="Limits of clients" levels=${found.map(client => ({ name: client.name, address: clientHref(client.name), settings: client, state: client.state }))} />`)}
      <//>
    <//>
    ${edited && html`<${LevelDialog} ...${edited} onClose=${close} onDone=${done} />`}
  <//>`
}
