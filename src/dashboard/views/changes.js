/** Changes by administrators, with author, old and new values. */

import { html } from 'htm/preact'
import { api, question } from '../api.js'
import { allRows, DownloadCsv } from '../components/csv.js'
import { Select } from '../components/field.js'
import { PickFilter, TextFilter } from '../components/filter.js'
import { Page } from '../components/page.js'
import { useClients, useTeams } from '../components/picker.js'
import { Empty, Loaded } from '../components/states.js'
import { useData } from '../data.js'
import { fullMoment, moment } from '../format.js'
import { ask, clientHref, href, scopeHref } from '../router.js'
import { auditEvents, scopeWords } from '../words.js'
import { Differences } from './changes/differences.js'

/** @import { AuditEvent, Place, Token } from '../types.ts' */

const PAGE = 50
/** The most suggestions. */
const TARGETS = 12

/** @type {[string, (auditEvent: AuditEvent) => string | null][]} */
const csvColumns = [
  ['at', ({ at }) => at],
  ['who', ({ who }) => who],
  ['action', ({ action }) => action],
  ['target', ({ target }) => target],
  ['before', ({ before }) => before && JSON.stringify(before)],
  ['after', ({ after }) => after && JSON.stringify(after)],
  ['requestId', ({ requestId }) => requestId],
]

/** @param {{ place: Place }} props */
export function Changes({ place: { query } }) {
  const { who, target, action, before } = query
  const changes = useData(question('/audit', { who, target, action, cursor: before, limit: String(PAGE) }))
  const names = useTokens()
  const isFiltered = Boolean(who || target || action)
  const pickTarget = async (/** @type {string} */ text) =>
    ask({ target: await targetOf(text), before: undefined })

  return html`<${Page} title="Changes" lead="Changes to clients, keys, limits and tokens. The list has no secrets.">
    <div class="filters" role="search" aria-label="Filter changes">
      <${Select} isCompact label="Action" value=${action ?? ''} options=${[['', 'All actions'], ...Object.entries(auditEvents)]} onPick=${(/** @type {string} */ value) => ask({ action: value, before: undefined })} />
      <${TextFilter} label="Author" name="who" value=${who ?? ''} list=${names} onPick=${(/** @type {string} */ value) => ask({ who: value, before: undefined })} />
      <${PickFilter} label="Target" name="target" placeholder="Target, such as client:web" value=${target ?? ''} useSuggestions=${useTargets} onPick=${pickTarget} />
      ${isFiltered && html`<a class="button is-ghost is-small" href=${href('/changes')}>Clear</a>`}
      <${DownloadCsv} name="changes" columns=${csvColumns} rows=${() => allRows('/audit', { who, target, action }, 'audit')} />
    </div>
    <section class="card is-flush" aria-label="Changes">
      <${Loaded} of=${changes} lines=${10}>
        ${(/** @type {{ audit: AuditEvent[], next?: string }} */ { audit, next }) => html`
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

/** Names of tokens to choose from; others may be typed, such as those of deleted tokens. @returns {string[]} */
function useTokens() {
  /** @type {import('../data.js').Followed<{ tokens: Token[] }>} */
  const tokens = useData('/tokens?limit=1000', { every: 0 })
  return tokens.data?.tokens.map(({ name }) => name) ?? []
}

/** Suggestions for the target of a change: matches of each kind. @type {import('../components/picker.js').UseSuggestions} */
function useTargets(text) {
  const part = text?.replace(/^(client|team|token):/, '')
  const clients = useClients(part)
  const teams = useTeams(part)
  const others = ['gateway', ...useTokens().map(name => `token:${name}`)]
  const of = (/** @type {string} */ kind, /** @type {string[]} */ names) =>
    names.map(name => `${kind}:${name}`)
  const options = [...of('client', clients.options), ...of('team', teams.options), ...others].filter(one =>
    one.toLowerCase().includes((text ?? '').toLowerCase()),
  )
  const hasMore = clients.hasMore || teams.hasMore || options.length > TARGETS
  return { options: options.slice(0, TARGETS), hasMore, isCurrent: clients.isCurrent && teams.isCurrent }
}

/** The target for a text, which may be the name of a client or team without its kind. @param {string} text */
async function targetOf(text) {
  if (text === '' || text === 'gateway' || text.includes(':')) return text
  for (const kind of /** @type {const} */ (['client', 'team'])) {
    /** @type {Record<string, { name: string }[]>} */
    const found = await api(question(`/${kind}s`, { search: text, limit: '1000' }))
    if (found[`${kind}s`]?.some(({ name }) => name === text)) return `${kind}:${text}`
  }
  return text
}

function toTop() {
  scrollTo(0, 0)
}

/** @param {{ isFiltered: boolean }} props */
function Nothing({ isFiltered }) {
  if (!isFiltered) return html`<${Empty} title="No changes" />`
  return html`<${Empty} title="No matching changes"><a href=${href('/changes')}>Clear the filters</a><//>`
}

/** @param {{ found: AuditEvent[] }} props */
function Table({ found }) {
  return html`<table class="table is-audit-events">
    <thead><tr><th scope="col">Time</th><th scope="col" class="hide-s">Author</th><th scope="col">Change</th></tr></thead>
    <tbody>${found.map(auditEvent => html`<${Row} key=${auditEvent.id} auditEvent=${auditEvent} />`)}</tbody>
  </table>`
}

/** @param {{ auditEvent: AuditEvent }} props */
function Row({ auditEvent }) {
  const { at, who, action, target, requestId } = auditEvent
  const address = addressOf(auditEvent)
  const name = target.includes(':') ? target.slice(target.indexOf(':') + 1) : scopeWords(target)
  return html`<tr>
    <th scope="row"><time class="nowrap" datetime=${at} title="${fullMoment(at)}, ${requestId}">${moment(at)}</time><span class="sub show-s break">${who}</span></th>
    <td class="hide-s break">${who}</td>
    <td>
      <p class="audit-event"><strong>${auditEvents[action] ?? action}</strong> ${address ? html`<a class="break" href=${address}>${name}</a>` : html`<span class="break">${name}</span>`}</p>
      <${Differences} auditEvent=${auditEvent} />
    </td>
  </tr>`
}

/** The page of the changed subject; undefined if it was deleted. @param {AuditEvent} auditEvent */
function addressOf({ target, after }) {
  if (after === null) return undefined
  const [kind = ''] = target.split(':')
  const client = { client: after.name, key: after.client }[kind]
  if (typeof client === 'string') return clientHref(client)
  if (kind === 'team' || kind === 'gateway') return scopeHref(target)
  return kind === 'token' ? href('/access') : undefined
}
