/** Teams: limits and budgets that their clients share, and their current use. */

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { question } from '../api.js'
import { allRows, DownloadCsv } from '../components/csv.js'
import { Find } from '../components/filter.js'
import { Icon } from '../components/icon.js'
import { Page } from '../components/page.js'
import { Pager } from '../components/pager.js'
import { Empty, Loaded } from '../components/states.js'
import { useData } from '../data.js'
import { count } from '../format.js'
import { ask, go, teamHref } from '../router.js'
import { mayChange } from '../session.js'
import { LimitsDialog } from './limits/dialog.js'
import { ScopesTable, scopeColumns } from './limits/scopes.js'

/** @import { Place, Team } from '../types.ts' */

const PAGE = 50

/** @typedef {{ teams: Team[], next?: string, total?: number }} Listed */

/** @param {{ place: Place }} props */
export function Teams({ place: { query } }) {
  const { find, cursor } = query
  const [isNew, setNew] = useState(false)
  /** @type {import('../data.js').Followed<Listed>} */
  const teams = useData(
    question('/teams', { search: find, cursor, state: 'true', total: 'true', limit: String(PAGE) }),
    { every: 10_000, isKept: true },
  )
  const total = teams.data?.total
  return html`<${Page}
    title="Teams"
    lead="A team shares limits and a budget among its clients."
    actions=${mayChange() && html`<button type="button" class="button is-primary" onClick=${() => setNew(true)}><${Icon} name="plus" />New team</button>`}
  >
    <div class="filters" role="search" aria-label="Find teams">
      <${Find} label="Find" name="find" placeholder="Find a team" value=${find ?? ''} onFind=${(/** @type {string} */ text) => ask({ find: text, cursor: undefined }, { replace: true })} />
      <${DownloadCsv} name="teams" columns=${scopeColumns} rows=${() => allRows('/teams', { search: find, state: 'true' }, 'teams')} />
      ${total !== undefined && html`<span class="quiet" role="status">${count(total)} ${total === 1 ? 'team' : 'teams'}${find ? ' found' : ''}</span>`}
    </div>
    <${Loaded} of=${teams} lines=${8}>
      ${(
        /** @type {Listed} */ { teams: found, next },
      ) => html`<section class="card is-flush" aria-label="Teams">
        ${
          found.length === 0
            ? html`<${Empty} title=${find ? 'No matching team' : 'No teams'}>${!find && 'Create one here, or name one in the settings of a client.'}<//>`
            : html`<${ScopesTable} label="Limits of teams" scopes=${found.map(team => ({ name: team.name, address: teamHref(team.name), settings: team, state: team.state }))} />`
        }
        <${Pager} next=${next} cursor=${cursor} />
      </section>`}
    <//>
    ${isNew && html`<${LimitsDialog} kind="team" name="" settings=${{}} onClose=${() => setNew(false)} onDone=${(/** @type {string} */ name) => go(teamHref(name))} />`}
  <//>`
}
