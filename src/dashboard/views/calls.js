/** Calls, live and in the ledger, with filters and details. */

import { html } from 'htm/preact'
import { useEffect } from 'preact/hooks'
import { allRows, DownloadCsv } from '../components/csv.js'
import { Select } from '../components/field.js'
import { PickFilter, TextFilter } from '../components/filter.js'
import { Icon } from '../components/icon.js'
import { Page } from '../components/page.js'
import { useClients } from '../components/picker.js'
import { Empty, Failed, Loaded } from '../components/states.js'
import { count } from '../format.js'
import { ask, href } from '../router.js'
import { outcomes } from '../words.js'
import { CallPanel } from './calls/panel.js'
import { endsOf, periodOptions } from './calls/period.js'
import { CallsTable } from './calls/table.js'
import { useCalls } from './calls/use-calls.js'

/** @import { Call, Place } from '../types.ts' */

/** Orders of calls: the value in the address, and the label. @type {[string, string][]} */
const sorts = [
  ['', 'Newest first'],
  ['time-asc', 'Oldest first'],
  ['cost', 'Most expensive first'],
  ['latency', 'Slowest first'],
  ['input', 'Most input first'],
  ['output', 'Most output first'],
]
const FILTERS = ['id', 'client', 'team', 'key', 'model', 'outcome', 'status', 'period', 'from', 'to']

/** @type {(keyof Call)[]} */
const csvFields = [
  .../** @type {const} */ ([
    'at',
    'id',
    'seq',
    'client',
    'team',
    'key',
    'route',
    'model',
    'upstream',
    'upstreamModel',
    'attempts',
    'status',
  ]),
  .../** @type {const} */ ([
    'outcome',
    'stream',
    'cache',
    'latencyMs',
    'ttftMs',
    'upstreamMs',
    'inputTokens',
  ]),
  .../** @type {const} */ (['cacheReadTokens', 'cacheWriteTokens', 'outputTokens', 'costUsd', 'heldUsd']),
  .../** @type {const} */ (['savedUsd', 'estimated', 'tried', 'error']),
]
/** @type {[string, (call: Call) => import('../components/csv.js').Cell][]} */
const csvColumns = csvFields.map(field => [field, call => call[field]])

/** @param {{ place: Place }} props */
export function Calls({ place: { query } }) {
  const { id, client, team, key, model, outcome, status, period, from, to, call: open, paused } = query
  const [sort, order] = (query.sort ?? '').split('-')
  const isBounded = Boolean(status || team || (sort && sort !== 'time'))
  const range = { period, from, to }
  const filter = { id, client, team, key, model, outcome, status, sort, order, ...endsOf(range) }
  const pick = (/** @type {string} */ name) => (/** @type {string} */ value) =>
    ask({ [name]: value, call: undefined })
  // A sorted list and a past period do not show new calls.
  const mayBeLive = !sort && !id && !filter.to
  const { calls, failure, isLoading, hasMore, live, skipped, fresh, loadMore, reload } = useCalls(
    filter,
    mayBeLive && paused === undefined,
  )
  const isFiltered = FILTERS.some(name => query[name])

  useArrows(
    calls.map(({ id }) => id),
    open,
  )
  return html`<${Page}
    title="Calls"
    lead="Calls of all replicas, listed as they end. Refused calls are shown live. Refusals has samples of earlier ones."
    actions=${html`<${Live} state=${live} isPaused=${paused !== undefined} mayBeLive=${mayBeLive} />`}
  >
    <div class="filters" role="search" aria-label="Filter calls">
      <${PickFilter} label="Client" name="client" value=${client ?? ''} useSuggestions=${useClients} onPick=${pick('client')} />
      <${Select} isCompact label="Outcome" value=${outcome ?? ''} options=${[['', 'All outcomes'], ...Object.entries(outcomes).map(([value, { label }]) => [value, label])]} onPick=${pick('outcome')} />
      <${Select} isCompact label="Period" value=${from || to ? 'range' : (period ?? '')} options=${periodOptions(range, isBounded)} onPick=${(/** @type {string} */ value) => ask({ period: value, from: undefined, to: undefined, call: undefined })} />
      <${TextFilter} label="Model" name="model" value=${model ?? ''} onPick=${pick('model')} />
      <${TextFilter} label="Status" name="status" placeholder="Status: 404, 5xx" value=${status ?? ''} onPick=${pick('status')} />
      <${TextFilter} label="Key" name="key" placeholder="Key id" value=${key ?? ''} onPick=${(/** @type {string} */ value) => pick('key')(keyIdOf(value))} />
      <${TextFilter} label="Request id" name="id" value=${id ?? ''} onPick=${(/** @type {string} */ value) => ask({ id: value, call: value })} />
      <${Select} isCompact label="Sort" value=${query.sort ?? ''} options=${sorts} onPick=${pick('sort')} />
      ${team && html`<span class="chip">Team <strong>${team}</strong></span>`}
      ${isFiltered && html`<a class="button is-ghost is-small" href=${href('/calls')}>Clear</a>`}
      <${DownloadCsv} name="calls" columns=${csvColumns} rows=${() => allRows('/calls', filter, 'calls')} />
    </div>
    ${skipped > 0 && html`<p class="stale" role="status">${count(skipped)} calls came too fast to be shown live; they are in the ledger.</p>`}
    <div class="with-panel ${open ? 'is-open' : ''}">
      <section class="card is-flush" aria-label="Calls">
        ${(isLoading || (failure && calls.length === 0)) && html`<${Loaded} of=${{ data: undefined, failure, reload }} lines=${12} what="Calls" />`}
        ${failure && calls.length > 0 && html`<${Failed} failure=${failure} retry=${reload} what="Calls" />`}
        ${!isLoading && !failure && calls.length === 0 && html`<${Nothing} isFiltered=${isFiltered} query=${query} />`}
        ${calls.length > 0 && html`<${CallsTable} calls=${calls} fresh=${fresh} open=${open} />`}
        ${hasMore && html`<div class="more"><button type="button" class="button" onClick=${loadMore}>Show older calls</button></div>`}
      </section>
      ${open && html`<${CallPanel} id=${open} known=${calls.find(({ id }) => id === open)} onClose=${() => ask({ call: undefined })} />`}
    </div>
  <//>`
}

/** The id of a key. A whole key must not be in the address. @param {string} text such as `3mPwpyb6` or `tg_3mPwpyb6_…` */
function keyIdOf(text) {
  return /^tg_([A-Za-z0-9]+)/.exec(text)?.[1] ?? text
}

/** @param {{ state: string, isPaused: boolean, mayBeLive: boolean }} props */
function Live({ state, isPaused, mayBeLive }) {
  if (!mayBeLive)
    return html`<span class="live is-paused" role="status"><span class="live-dot" />Not live with this filter or order</span>`
  const words = isPaused
    ? 'Paused'
    : { connecting: 'Connecting …', live: 'Live', lost: 'Connection lost, retrying' }[state]
  return html`<span class="live is-${isPaused ? 'paused' : state}" role="status"><span class="live-dot" />${words}</span>
    <button type="button" class="button is-small" onClick=${() => ask({ paused: isPaused ? undefined : 'yes' }, { replace: true })}>
      <${Icon} name=${isPaused ? 'play' : 'pause'} />${isPaused ? 'Resume' : 'Pause'}
    </button>`
}

/** @param {{ isFiltered: boolean, query: Record<string, string> }} props */
function Nothing({ isFiltered, query: { outcome, status, id, client } }) {
  if (id)
    return html`<${Empty} title="The ledger has no call with this request id">The call is running, or it was refused. <a href=${href('/calls')}>Clear the filters</a><//>`
  if (status)
    return html`<${Empty} title="No call in the ledger has this status">Calls that the gateway refused are under <a href=${href('/refusals', { client })}>Refusals</a>. <a href=${href('/calls')}>Clear the filters</a><//>`
  if (outcome === 'refused')
    return html`<${Empty} title="No refused calls since this page was opened">The ledger does not store refused calls. <a href=${href('/refusals')}>Refusals by client and reason</a><//>`
  if (isFiltered)
    return html`<${Empty} title="No matching calls"><a href=${href('/calls')}>Clear the filters</a><//>`
  return html`<${Empty} title="No calls">The first call appears here when it ends.<//>`
}

/** The arrow keys up and down open the previous or next call while one is open. @param {string[]} ids @param {string | undefined} open */
function useArrows(ids, open) {
  useEffect(() => {
    if (open === undefined) return
    const onKey = (/** @type {KeyboardEvent} */ event) => {
      const step = { ArrowDown: 1, ArrowUp: -1 }[event.key]
      const isElsewhere =
        event.target instanceof Element && event.target.closest('input, select, textarea, dialog')
      if (step === undefined || isElsewhere) return
      const next = ids[ids.indexOf(open) + step]
      if (next === undefined) return
      event.preventDefault()
      ask({ call: next }, { replace: true })
    }
    addEventListener('keydown', onKey)
    return () => removeEventListener('keydown', onKey)
  }, [ids.join(), open])
}
