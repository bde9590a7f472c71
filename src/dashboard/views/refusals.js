/** Refused calls by client and reason, with advice. */

import { html } from 'htm/preact'
import { question } from '../api.js'
import { Columns } from '../charts/columns.js'
import { seriesOf } from '../charts/series.js'
import { DownloadCsv } from '../components/csv.js'
import { Select } from '../components/field.js'
import { PickFilter } from '../components/filter.js'
import { ClientName, ScopeName } from '../components/names.js'
import { Card, Page } from '../components/page.js'
import { Panel } from '../components/panel.js'
import { useClients } from '../components/picker.js'
import { Segmented } from '../components/segmented.js'
import { Empty, Loaded } from '../components/states.js'
import { useData } from '../data.js'
import { ago, count, day, fullMoment, moment, shortCount, timeOfDay, weekday } from '../format.js'
import { ask, href, place } from '../router.js'
import { reasonOf, reasons } from '../words.js'
import { CallPanel } from './calls/panel.js'
import { Why } from './refusals/why.js'

/** @import { Place, RefusalRow, Refusals as Found, Refused } from '../types.ts' */

const HOUR = 3_600_000
/** The most kinds of refusals in one response. */
const KINDS = 100
const STEPS = { minute: 60_000, hour: HOUR, day: 24 * HOUR }
/** @type {[string, string][]} */
const ranges = [
  ['1h', 'Hour'],
  ['24h', '24 hours'],
  ['7d', '7 days'],
  ['30d', '30 days'],
]
/** @type {Record<string, number>} */
const LENGTHS = { '1h': HOUR, '24h': 24 * HOUR, '7d': 7 * 24 * HOUR, '30d': 30 * 24 * HOUR }

/** @param {{ place: Place }} props */
export function Refusals({ place: { query } }) {
  const { range = '24h', client, reason, kind, call } = query
  const length = LENGTHS[range] ?? 24 * HOUR
  // Rounded to a minute, so that the address of the request stays the same within it.
  const minute = Math.floor(Date.now() / 60_000) * 60_000
  const from = new Date(
    Math.floor((minute - length) / (length > 4 * 24 * HOUR ? 24 * HOUR : 60_000)) *
      (length > 4 * 24 * HOUR ? 24 * HOUR : 60_000),
  ).toISOString()
  const refusals = useData(question('/refusals', { from, client, reason, limit: String(KINDS) }), {
    every: 5000,
  })
  const isFiltered = Boolean(client || reason)

  return html`<${Page} title="Refusals" lead="A refused call costs nothing. Refusals are counted by client, reason and minute, with a few samples.">
    <div class="filters" role="search" aria-label="Filter refusals">
      <${Segmented} label="Range" options=${ranges} value=${range} onPick=${(/** @type {string} */ value) => ask({ range: value === '24h' ? undefined : value }, { replace: true })} />
      <${Select} isCompact label="Reason" value=${reason ?? ''} options=${[['', 'All reasons'], ...Object.entries(reasons).map(([code, { title }]) => [code, title])]} onPick=${(/** @type {string} */ value) => ask({ reason: value, kind: undefined, call: undefined })} />
      <${PickFilter} label="Client" name="client" value=${client ?? ''} useSuggestions=${useClients} onPick=${(/** @type {string} */ value) => ask({ client: value, kind: undefined, call: undefined })} />
      ${isFiltered && html`<a class="button is-ghost is-small" href=${href('/refusals', { range: range === '24h' ? undefined : range })}>Clear</a>`}
    </div>
    ${!refusals.data && html`<section class="card is-flush" aria-label="Refusals"><${Loaded} of=${refusals} lines=${10} what="Refusals" /></section>`}
    ${
      refusals.data &&
      html`<${Loaded} of=${refusals}>
      ${(/** @type {Found} */ found) => {
        const open = kind === undefined ? undefined : found.rows.find(row => kindOf(row) === kind)
        if (found.rows.length === 0)
          return html`<section class="card"><${Empty} title="No refused calls">${isFiltered ? 'No refused call matches these filters.' : 'The gateway refused no call in this period.'}<//></section>
            ${call && html`<div class="with-panel is-open"><${CallPanel} id=${call} known=${undefined} onClose=${() => ask({ call: undefined })} /></div>`}`
        return html`<${OverTime} found=${found} />
          <div class="with-panel ${open || call ? 'is-open' : ''}">
            <div class="stack">
              <${Kinds} rows=${found.rows} open=${kind} />
              <${Latest} latest=${found.latest} />
            </div>
            ${call ? html`<${CallPanel} id=${call} known=${undefined} onClose=${() => ask({ call: undefined })} />` : open && html`<${KindPanel} row=${open} />`}
          </div>`
      }}
    <//>`
    }
  <//>`
}

/** @param {RefusalRow} row */
function kindOf({ client, reason, scope }) {
  return [client ?? '', reason, scope ?? ''].join('|')
}

/** @param {{ found: Found }} props */
function OverTime({ found: { from, to, step, series: counts } }) {
  const size = STEPS[step]
  const first = Math.floor(Date.parse(from) / size) * size
  const buckets = []
  for (let at = first; at < Date.parse(to); at += size) buckets.push(new Date(at).toISOString())
  const series = seriesOf(counts, {
    kind: 'reason',
    buckets,
    bucketOf: row => row.at,
    nameOf: row => reasonOf(row.reason).title,
    amountOf: row => row.count,
  })
  const total = series.reduce((sum, one) => sum + one.total, 0)
  const formatBucket =
    step === 'day' ? weekday : (/** @type {string} */ at) => `${weekday(at)}, ${timeOfDay(at)}`
  return html`<${Card} title="${count(total)} refused" isFlush actions=${html`<ul class="chart-key">${series.map(({ name, tone, total: sum }) => html`<li><span class="swatch fill-${tone}" />${name} <span class="quiet">${shortCount(sum)}</span></li>`)}</ul>`}>
    <div class="chart-alone">
      <${Columns} label="Refusals by reason" buckets=${buckets} series=${series} height=${200} format=${count} formatAxis=${shortCount} formatBucket=${formatBucket} formatTick=${step === 'day' ? day : timeOfDay} />
    </div>
  <//>`
}

/** @type {[string, (row: RefusalRow) => string | number | null][]} */
const csvColumns = [
  ['reason', ({ reason }) => reason],
  ['client', ({ client }) => client],
  ['scope', ({ scope }) => scope],
  ['count', row => row.count],
  ['firstAt', ({ firstAt }) => firstAt],
  ['lastAt', ({ lastAt }) => lastAt],
]

/** @param {{ rows: RefusalRow[], open: string | undefined }} props */
function Kinds({ rows, open }) {
  return html`<section class="card is-flush" aria-label="By client and reason">
    <header class="card-head"><h2>By client and reason</h2><div class="card-actions"><${DownloadCsv} name="refusals" columns=${csvColumns} rows=${() => rows} /></div></header>
    <table class="table is-picked">
      <thead><tr><th scope="col">Reason</th><th scope="col">Client</th><th scope="col" class="hide-s">Refused by</th><th scope="col" class="num">Calls</th><th scope="col" class="num hide-s">Last</th></tr></thead>
      <tbody>
        ${rows.map(row => {
          const kind = kindOf(row)
          const pick = (/** @type {MouseEvent} */ event) => {
            if (!(event.target instanceof Element && event.target.closest('a')))
              ask({ kind, call: undefined })
          }
          return html`<tr key=${kind} class=${kind === open ? 'is-open' : ''} onClick=${pick}>
            <th scope="row"><a class="row-link" href=${href('/refusals', { ...place.get().query, kind, call: undefined })} aria-current=${kind === open ? 'true' : undefined}>${reasonOf(row.reason).title}</a><span class="sub hide-s">${row.reason}</span></th>
            <td>${row.client ? html`<${ClientName} name=${row.client} />` : html`<span class="quiet">No client</span>`}</td>
            <td class="hide-s">${row.scope ? html`<${ScopeName} scope=${row.scope} />` : html`<span class="quiet">–</span>`}</td>
            <td class="num strong">${count(row.count)}</td>
            <td class="num hide-s nowrap quiet">${ago(row.lastAt)}</td>
          </tr>`
        })}
      </tbody>
    </table>
    ${rows.length >= KINDS && html`<p class="note">The ${KINDS} most frequent. Filter by client or reason to see others.</p>`}
  </section>`
}

/** @param {{ latest: Refused[] }} props */
function Latest({ latest }) {
  return html`<section class="card is-flush" aria-label="Refused calls">
    <header class="card-head"><h2>Refused calls</h2><span class="card-note">samples, newest first</span></header>
    <table class="table is-picked">
      <thead><tr><th scope="col">Time</th><th scope="col">Reason</th><th scope="col" class="hide-s">Client</th><th scope="col" class="hide-s">Model</th><th scope="col" class="num">Status</th></tr></thead>
      <tbody>
        ${latest.slice(0, 30).map(
          ({ client, reason, sample }) => html`<tr key=${sample.reqId} onClick=${(
            /** @type {MouseEvent} */ event,
          ) => {
            if (!(event.target instanceof Element && event.target.closest('a')))
              ask({ call: sample.reqId, kind: undefined })
          }}>
            <th scope="row" class="nowrap"><a class="row-link" href=${href('/refusals', { ...place.get().query, call: sample.reqId, kind: undefined })}><time datetime=${sample.at} title=${fullMoment(sample.at)}>${moment(sample.at)}</time></a></th>
            <td>${reasonOf(reason).title}<span class="sub show-s">${client ?? 'No client'}</span></td>
            <td class="hide-s">${client ?? html`<span class="quiet">No client</span>`}</td>
            <td class="hide-s"><span class="cut">${sample.model ?? '–'}</span></td>
            <td class="num">${sample.status}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </section>`
}

/** @param {{ row: RefusalRow }} props */
function KindPanel({ row }) {
  const { client, reason, scope, count: times, firstAt, lastAt, samples } = row
  return html`<${Panel} title="Reason" name=${kindOf(row)} onClose=${() => ask({ kind: undefined })}>
    <div class="panel-lead">
      <p class="panel-figure">${count(times)} <span class="quiet">${times === 1 ? 'time' : 'times'}</span></p>
      <p class="quiet">${client ? `Client ${client}` : 'No client'} · first ${moment(firstAt)}, last ${moment(lastAt)}</p>
    </div>
    <${Why} reason=${reason} scope=${scope} client=${client} model=${samples[0]?.model} />
    <h3>Samples</h3>
    <ul class="samples">
      ${samples.map(
        sample => html`<li>
          <p><a href=${href('/refusals', { ...place.get().query, call: sample.reqId, kind: undefined })}>${moment(sample.at)}</a> <span class="quiet">${[sample.model, sample.status].filter(Boolean).join(' · ')}</span></p>
          ${sample.error && html`<p class="quote">${sample.error}</p>`}
        </li>`,
      )}
    </ul>
  <//>`
}
