/** Calls, as they end and as they stand in the ledger: filtered, and each in detail. */

import { html } from 'htm/preact'
import { useEffect } from 'preact/hooks'
import { Select } from '../components/field.js'
import { PickFilter, TextFilter } from '../components/filter.js'
import { Icon } from '../components/icon.js'
import { Page } from '../components/page.js'
import { useClients } from '../components/picker.js'
import { Empty, Failed, Loading } from '../components/states.js'
import { count, daysAgo } from '../format.js'
import { ask, href } from '../router.js'
import { outcomes } from '../words.js'
import { CallPanel } from './calls/panel.js'
import { CallsTable } from './calls/table.js'
import { useCalls } from './calls/use-calls.js'

/** @import { Place } from '../types.ts' */

/** @type {[string, string][]} */
const periods = [
  ['', 'Any time'],
  ['today', 'Today'],
  ['7d', 'Last 7 days'],
  ['30d', 'Last 30 days'],
]
/** @type {Record<string, number>} */
const DAYS = { today: 0, '7d': 6, '30d': 29 }

/** @param {{ place: Place }} props */
export function Calls({ place: { query } }) {
  const { client, model, outcome, period, call: open, paused } = query
  const since = period === undefined ? undefined : DAYS[period]
  const filter = { client, model, outcome, from: since === undefined ? undefined : daysAgo(since) }
  const { calls, failure, isLoading, hasMore, live, skipped, fresh, loadMore, reload } = useCalls(
    filter,
    paused === undefined,
  )
  const isFiltered = Boolean(client || model || outcome || period)

  useArrows(
    calls.map(({ id }) => id),
    open,
  )
  return html`<${Page}
    title="Calls"
    lead="Every call of every replica, as it ends. Refused ones show up live; of those before, samples are kept under Refusals."
    actions=${html`<${Live} state=${live} isPaused=${paused !== undefined} />`}
  >
    <div class="filters" role="search" aria-label="Filter calls">
      <${PickFilter} label="Client" name="client" value=${client ?? ''} useSuggestions=${useClients} onPick=${(/** @type {string} */ value) => ask({ client: value, call: undefined })} />
      <${Select} isCompact label="Outcome" value=${outcome ?? ''} options=${[['', 'All outcomes'], ...Object.entries(outcomes).map(([value, { label }]) => [value, label])]} onPick=${(/** @type {string} */ value) => ask({ outcome: value, call: undefined })} />
      <${Select} isCompact label="Period" value=${period ?? ''} options=${periods} onPick=${(/** @type {string} */ value) => ask({ period: value, call: undefined })} />
      <${TextFilter} label="Model" name="model" value=${model ?? ''} onPick=${(/** @type {string} */ value) => ask({ model: value, call: undefined })} />
      ${isFiltered && html`<a class="button is-ghost is-small" href=${href('/calls')}>Clear</a>`}
    </div>
    ${skipped > 0 && html`<p class="stale" role="status">${count(skipped)} calls came too fast to be shown live; they are in the ledger.</p>`}
    <div class="with-panel ${open ? 'is-open' : ''}">
      <section class="card is-flush" aria-label="Calls">
        ${failure && html`<${Failed} failure=${failure} retry=${reload} />`}
        ${isLoading && html`<${Loading} lines=${10} />`}
        ${!isLoading && !failure && calls.length === 0 && html`<${Nothing} isFiltered=${isFiltered} outcome=${outcome} />`}
        ${calls.length > 0 && html`<${CallsTable} calls=${calls} fresh=${fresh} open=${open} />`}
        ${hasMore && html`<div class="more"><button type="button" class="button" onClick=${loadMore}>Show older calls</button></div>`}
      </section>
      ${open && html`<${CallPanel} id=${open} known=${calls.find(({ id }) => id === open)} onClose=${() => ask({ call: undefined })} />`}
    </div>
  <//>`
}

/** @param {{ state: string, isPaused: boolean }} props */
function Live({ state, isPaused }) {
  const words = isPaused
    ? 'Paused'
    : { connecting: 'Connecting …', live: 'Live', lost: 'Connection lost, trying again' }[state]
  return html`<span class="live is-${isPaused ? 'paused' : state}" role="status"><span class="live-dot" />${words}</span>
    <button type="button" class="button is-small" onClick=${() => ask({ paused: isPaused ? undefined : 'yes' }, { replace: true })}>
      <${Icon} name=${isPaused ? 'play' : 'pause'} />${isPaused ? 'Go on' : 'Pause'}
    </button>`
}

/** @param {{ isFiltered: boolean, outcome: string | undefined }} props */
function Nothing({ isFiltered, outcome }) {
  if (outcome === 'refused')
    return html`<${Empty} title="No refused call since this page is open">Refusals cost nothing, so they are counted, not kept one by one. <a href=${href('/refusals')}>See who was refused, and why</a><//>`
  if (isFiltered)
    return html`<${Empty} title="No call fits these filters"><a href=${href('/calls')}>Clear them</a><//>`
  return html`<${Empty} title="No calls yet">The first one shows up here by itself, as soon as it ends.<//>`
}

/** Up and down from call to call while one is open. @param {string[]} ids @param {string | undefined} open */
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
