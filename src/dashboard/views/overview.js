/** The overview: spend, budgets, spend by client and model, and savings. */

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { question } from '../api.js'
import { Columns } from '../charts/columns.js'
import { bucketsOf, SHOWN, seriesOf } from '../charts/series.js'
import { ClientName, TeamName } from '../components/names.js'
import { Page } from '../components/page.js'
import { Segmented } from '../components/segmented.js'
import { Empty, Loaded } from '../components/states.js'
import { useData } from '../data.js'
import {
  axisUsd,
  count,
  day,
  daysAgo,
  share,
  shortCount,
  timeOfDay,
  usd,
  usdColumn,
  weekday,
} from '../format.js'
import { ask, go, href } from '../router.js'
import { callsHref } from './calls/period.js'
import { Budgets } from './overview/budgets.js'
import { Circuits } from './overview/circuits.js'
import { Figures } from './overview/figures.js'
import { LatestAlerts, TopRefusals } from './overview/trouble.js'
import { UsageCsv } from './overview/usage-csv.js'

/** @import { Place, Usage, UsageRow } from '../types.ts' */

/** @type {[string, string][]} */
const ranges = [
  ['24h', '24 hours'],
  ['7d', '7 days'],
  ['30d', '30 days'],
  ['90d', '90 days'],
]
/** @type {[string, string][]} */
const groups = [
  ['client', 'Client'],
  ['team', 'Team'],
  ['model', 'Model'],
]
/** @type {[string, string][]} */
const measures = [
  ['cost', 'Spend'],
  ['calls', 'Calls'],
  ['tokens', 'Tokens'],
  ['saved', 'Saved'],
]

/** @param {{ place: Place }} props */
export function Overview({ place: { query } }) {
  const range = ranges.some(([one]) => one === query.range) ? (query.range ?? '30d') : '30d'
  const by = groups.some(([one]) => one === query.by) ? (query.by ?? 'client') : 'client'
  const measure = measures.some(([one]) => one === query.measure) ? (query.measure ?? 'cost') : 'cost'
  return html`<${Page} title="Overview" lead="All days and budgets are UTC.">
    <${Circuits} />
    <${Figures} />
    <section class="card is-flush" aria-label="Spend over time">
      <header class="card-head">
        <h2 class="hidden">Spend over time</h2>
        <${Segmented} label="Measure" options=${measures} value=${measure} onPick=${(/** @type {string} */ value) => ask({ measure: value === 'cost' ? undefined : value }, { replace: true })} />
        <div class="card-actions">
          <${Segmented} label="Group by" options=${groups} value=${by} onPick=${(/** @type {string} */ value) => ask({ by: value === 'client' ? undefined : value }, { replace: true })} />
          <${Segmented} label="Range" options=${ranges} value=${range} onPick=${(/** @type {string} */ value) => ask({ range: value === '30d' ? undefined : value }, { replace: true })} />
        </div>
      </header>
      <${OverTime} range=${range} by=${by} measure=${measure} />
    </section>
    <div class="columns is-wide-left">
      <${Budgets} />
      <div class="stack">
        <${TopRefusals} />
        <${LatestAlerts} />
      </div>
    </div>
  <//>`
}

/** @type {Record<string, (row: UsageRow) => number>} */
const amounts = {
  cost: row => row.costUsd,
  calls: row => row.calls,
  tokens: row => row.inputTokens + row.cacheReadTokens + row.cacheWriteTokens + row.outputTokens,
  saved: row => row.savedUsd,
}
const NONE = { client: 'No client', team: 'No team', model: 'No model' }

/** @param {{ range: string, by: string, measure: string }} props */
function OverTime({ range, by, measure }) {
  const isHours = range === '24h'
  const now = Date.now()
  const from = isHours ? daysAgo(1, now) : daysAgo(Number.parseInt(range, 10) - 1, now)
  const usage = useData(
    question('/usage', {
      by: `${isHours ? 'hour' : 'day'},${by}`,
      from,
      to: daysAgo(-1, now),
      top: String(SHOWN + 1),
      rank: measure,
      limit: '10000',
    }),
  )
  const [dimmed, setDimmed] = useState(/** @type {string | undefined} */ (undefined))
  const group = by === 'team' || by === 'model' ? by : 'client'
  const isMoney = measure === 'cost' || measure === 'saved'
  const format = isMoney ? usd : count

  return html`<${Loaded} of=${usage} lines=${11} what="The usage">
    ${(/** @type {Usage} */ { rows, more }) => {
      const buckets = bucketsOf(range, now)
      const within = rows.filter(row => !isHours || buckets.includes(row.hour ?? ''))
      const nameOf = (/** @type {UsageRow} */ row) => (row.others ? '' : (row[group] ?? NONE[group]))
      const series = seriesOf(within, {
        kind: group,
        buckets,
        bucketOf: row => row.hour ?? row.day,
        isOthers: row => row.others === true,
        nameOf,
        amountOf: amounts[measure] ?? (() => 0),
      })
      if (series.length === 0) return html`<${Nothing} measure=${measure} />`
      const total = series.reduce((sum, one) => sum + one.total, 0)
      const sums = sumsBy(within, nameOf)
      const calls = [...sums.values()].reduce((sum, one) => sum + one, 0)
      const formatSum = isMoney ? usdColumn([total, ...series.map(one => one.total)]) : count
      const open = (/** @type {string} */ bucket, /** @type {string | undefined} */ name) =>
        go(callsHref(bucket, name === undefined || name === NONE[group] ? {} : { [group]: name }))
      const others = calls - series.reduce((sum, one) => sum + (sums.get(one.name) ?? 0), 0)
      return html`<div class="chart-split">
        <${Columns}
          label="${measures.find(([one]) => one === measure)?.[1]} by ${group}"
          buckets=${buckets}
          series=${series}
          height=${296}
          dimmed=${dimmed}
          partial=${buckets.at(-1)}
          onOpen=${open}
          opens=${isHours ? 'the calls of this hour' : 'the calls of this day'}
          format=${format}
          formatAxis=${isMoney ? axisUsd : shortCount}
          formatBucket=${isHours ? (/** @type {string} */ at) => `${weekday(at)}, ${timeOfDay(at)}` : weekday}
          formatTick=${isHours ? timeOfDay : day}
        />
        <table class="legend" onMouseLeave=${() => setDimmed(undefined)}>
          <thead><tr><th scope="col">${groups.find(([one]) => one === group)?.[1]}</th><th scope="col" class="num hide-s">Calls</th><th scope="col" class="num">Share</th><th scope="col" class="num">${measures.find(([one]) => one === measure)?.[1]}</th></tr></thead>
          <tbody>
            ${series.map(
              one => html`<tr onMouseEnter=${() => setDimmed(one.name)}>
                <th scope="row"><span class="swatch fill-${one.tone}" />${named(group, one)}</th>
                <td class="num hide-s">${count(sums.get(one.name) ?? others)}</td>
                <td class="num">${share(one.total, total)}</td>
                <td class="num strong">${formatSum(one.total)}</td>
              </tr>`,
            )}
          </tbody>
          <tfoot><tr><th scope="row">Total</th><td class="num hide-s">${count(calls)}</td><td></td><td class="num strong">${formatSum(total)}</td></tr></tfoot>
        </table>
        <div class="chart-more"><${UsageCsv} name="usage" by=${group} rows=${within} /></div>
      </div>
      ${more && html`<p class="note">There are too many groups to show. The smallest are omitted.</p>`}`
    }}
  <//>`
}

/** @param {string} group @param {{ name: string, isOthers?: boolean }} series */
function named(group, { name, isOthers }) {
  if (isOthers || name === NONE[/** @type {'client'} */ (group)])
    return html`<span class="quiet">${name}</span>`
  if (group === 'client') return html`<${ClientName} name=${name} />`
  if (group === 'team') return html`<${TeamName} name=${name} />`
  if (group === 'model') return html`<a href=${href('/calls', { model: name })}>${name}</a>`
  return name
}

/** @param {UsageRow[]} rows @param {(row: UsageRow) => string} nameOf */
function sumsBy(rows, nameOf) {
  /** @type {Map<string, number>} */
  const sums = new Map()
  for (const row of rows) sums.set(nameOf(row), (sums.get(nameOf(row)) ?? 0) + row.calls)
  return sums
}

/** @param {{ measure: string }} props */
function Nothing({ measure }) {
  if (measure === 'saved')
    return html`<${Empty} title="No savings">The cache answers a request that is byte-identical to an earlier one.<//>`
  return html`<${Empty} title="No calls in this period">
    The spend of the first call appears here.${' '}
    <a href=${href('/clients')}>Create a client and a key</a> to begin.
  <//>`
}
