/** Who did what to what: every change of the administration, with what was and what is. */

import { html } from 'htm/preact'
import { question } from '../api.js'
import { Select } from '../components/field.js'
import { TextFilter } from '../components/filter.js'
import { Page } from '../components/page.js'
import { Empty, Loaded } from '../components/states.js'
import { useData } from '../data.js'
import { fullMoment, moment } from '../format.js'
import { ask, clientHref, href } from '../router.js'
import { deeds, scopeWords } from '../words.js'
import { Differences } from './changes/differences.js'

/** @import { Client, Deed, Place, Team, Token } from '../types.ts' */

const PAGE = 50

/** @param {{ place: Place }} props */
export function Changes({ place: { query } }) {
  const { who, target, action, before } = query
  const changes = useData(question('/audit', { who, target, action, cursor: before, limit: String(PAGE) }))
  const { names, targets } = useKnown()
  const isFiltered = Boolean(who || target || action)
  // A name alone is enough where something of this name is known.
  const pickTarget = (/** @type {string} */ text) =>
    ask({ target: targets.find(one => one.endsWith(`:${text}`)) ?? text, before: undefined })

  return html`<${Page} title="Changes" lead="Every change of clients, keys, limits and tokens, written together with the change itself. No secret is in it.">
    <div class="filters" role="search" aria-label="Filter changes">
      <${Select} isCompact label="Action" value=${action ?? ''} options=${[['', 'All actions'], ...Object.entries(deeds)]} onPick=${(/** @type {string} */ value) => ask({ action: value, before: undefined })} />
      <${TextFilter} label="By whom" name="who" value=${who ?? ''} list=${names} onPick=${(/** @type {string} */ value) => ask({ who: value, before: undefined })} />
      <${TextFilter} label="What" name="target" placeholder="What, such as client:web" value=${target ?? ''} list=${targets} onPick=${pickTarget} />
      ${isFiltered && html`<a class="button is-ghost is-small" href=${href('/changes')}>Clear</a>`}
    </div>
    <section class="card is-flush" aria-label="Changes">
      <${Loaded} of=${changes} lines=${10}>
        ${(/** @type {{ audit: Deed[], next?: string }} */ { audit, next }) => html`
          ${audit.length === 0 ? html`<${Nothing} isFiltered=${isFiltered} />` : html`<${Table} found=${audit} />`}
          ${
            (next || before) &&
            html`<nav class="more" aria-label="Pages">
              ${before && html`<a class="button" href=${href('/changes', { ...query, before: undefined })} onClick=${toTop}>Newest</a>`}
              ${next && html`<a class="button" href=${href('/changes', { ...query, before: next })} onClick=${toTop}>Older changes</a>`}
            </nav>`
          }`}
      <//>
    </section>
  <//>`
}

/** Names to choose from; others may be typed, as of what is gone. */
function useKnown() {
  /** @type {import('../data.js').Followed<{ tokens: Token[] }>} */
  const tokens = useData('/tokens?limit=1000', { every: 0 })
  /** @type {import('../data.js').Followed<{ clients: Client[] }>} */
  const clients = useData('/clients?limit=1000', { every: 0 })
  /** @type {import('../data.js').Followed<{ teams: Team[] }>} */
  const teams = useData('/teams?limit=1000', { every: 0 })
  const named = (/** @type {string} */ kind, /** @type {{ name: string }[]} */ found = []) =>
    found.map(({ name }) => `${kind}:${name}`)
  return {
    names: tokens.data?.tokens.map(({ name }) => name) ?? [],
    targets: [
      'gateway',
      ...named('client', clients.data?.clients),
      ...named('team', teams.data?.teams),
      ...named('token', tokens.data?.tokens),
    ],
  }
}

function toTop() {
  scrollTo(0, 0)
}

/** @param {{ isFiltered: boolean }} props */
function Nothing({ isFiltered }) {
  if (!isFiltered) return html`<${Empty} title="No changes yet" />`
  return html`<${Empty} title="No change fits these filters"><a href=${href('/changes')}>Clear them</a><//>`
}

/** @param {{ found: Deed[] }} props */
function Table({ found }) {
  return html`<table class="table is-deeds">
    <thead><tr><th scope="col">Time</th><th scope="col" class="hide-s">By</th><th scope="col">Change</th></tr></thead>
    <tbody>${found.map(deed => html`<${Row} key=${deed.id} deed=${deed} />`)}</tbody>
  </table>`
}

/** @param {{ deed: Deed }} props */
function Row({ deed }) {
  const { at, who, action, target, requestId } = deed
  const address = addressOf(deed)
  const name = target.includes(':') ? target.slice(target.indexOf(':') + 1) : scopeWords(target)
  return html`<tr>
    <th scope="row"><time class="nowrap" datetime=${at} title="${fullMoment(at)}, ${requestId}">${moment(at)}</time><span class="sub show-s break">${who}</span></th>
    <td class="hide-s break">${who}</td>
    <td>
      <p class="deed"><strong>${deeds[action] ?? action}</strong> ${address ? html`<a class="break" href=${address}>${name}</a>` : html`<span class="break">${name}</span>`}</p>
      <${Differences} deed=${deed} />
    </td>
  </tr>`
}

/** Where what was changed is to be seen; nowhere, if it is gone. @param {Deed} deed */
function addressOf({ target, after }) {
  if (after === null) return undefined
  const [kind = ''] = target.split(':')
  const client = { client: after.name, key: after.client }[kind]
  if (typeof client === 'string') return clientHref(client)
  return { team: href('/limits'), gateway: href('/limits'), token: href('/access') }[kind]
}
