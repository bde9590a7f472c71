/** The four figures at the top: spend today, spend this month with a forecast, savings, calls. */

import { html } from 'htm/preact'
import { question } from '../../api.js'
import { Spark } from '../../charts/spark.js'
import { Meter } from '../../components/meter.js'
import { Loading, Stale } from '../../components/states.js'
import { useData } from '../../data.js'
import {
  count,
  day,
  daysAgo,
  limitUsd as limit,
  percent,
  shortCount,
  until as untilThen,
  usd,
} from '../../format.js'

/** @import { Gateway, Money, Sums, Usage, UsageRow } from '../../types.ts' */
/** @import { Failure } from '../../api.js' */

const DAYS = 14
const HOUR = 3_600_000
const EVERY = 10_000

export function Figures() {
  const now = new Date()
  const month = `${now.toISOString().slice(0, 8)}01`
  const from = [month, daysAgo(DAYS - 1)].sort()[0]
  /** @type {import('../../data.js').Followed<Gateway>} */
  const gateway = useData('/gateway', { every: EVERY })
  /** @type {import('../../data.js').Followed<Usage>} */
  const usage = useData(question('/usage', { by: 'day', from, to: daysAgo(-1) }), { every: EVERY })
  /** @type {import('../../data.js').Followed<Usage>} */
  const hours = useData(question('/usage', { by: 'hour', from: daysAgo(1), to: daysAgo(-1) }), {
    every: EVERY,
  })
  const asked = [gateway, usage, hours]
  const failure = asked.find(one => one.failure)?.failure
  if (!usage.data || !gateway.data || !hours.data)
    return html`<${Unknown} failure=${failure} retry=${() => asked.forEach(one => void one.reload())} />`

  const byDay = new Map(usage.data.rows.map(row => [row.day, row]))
  const last = Array.from({ length: DAYS }, (_, i) => byDay.get(daysAgo(DAYS - 1 - i)))
  const today = last.at(-1)
  const [yesterday, until] = sameHours(hours.data.rows, now)
  const { state } = gateway.data
  const soFar = usage.data.rows.filter(row => (row.day ?? '') >= month)
  const spentMonth = state?.month?.spentUsd ?? sumOf(soFar, 'costUsd')
  const saved = sumOf(soFar, 'savedUsd')
  const hits = soFar.reduce(
    (sum, { outcomes }) => sum + (outcomes.cached ?? 0) + (outcomes.coalesced ?? 0),
    0,
  )
  const calls = sumOf(soFar, 'calls')

  return html`${failure && html`<${Stale} failure=${failure} />`}
    <section class="figures" aria-label=${TITLE}>
      <${Figure} label=${labels[0]} value=${usd(state?.day?.spentUsd ?? today?.costUsd ?? 0)} note=${`${usd(sumOf(yesterday, 'costUsd'))} ${until}`}>
        <${Budget} money=${state?.day} label="Budget of the day" values=${last.map(row => row?.costUsd ?? 0)} />
      <//>
      <${Figure} label=${labels[1]} value=${usd(spentMonth)} note=${forecast(spentMonth, now)}>
        <${Budget} money=${state?.month} label="Budget of the month" values=${soFar.map(row => row.costUsd)} />
      <//>
      <${Figure} label=${labels[2]} value=${usd(saved)} note=${saved > 0 ? `${percent(saved, saved + spentMonth)} of the cost without the cache` : 'nothing yet'}>
        <div class="figure-graph"><${Spark} values=${last.map(row => row?.savedUsd ?? 0)} tone=${2} /></div>
        <p class="figure-foot">${percent(hits, calls)} of calls answered from the cache</p>
      <//>
      <${Figure} label=${labels[3]} value=${shortCount(today?.calls ?? 0)} note=${`${shortCount(sumOf(yesterday, 'calls'))} ${until}`}>
        <div class="figure-graph"><${Spark} values=${last.map(row => row?.calls ?? 0)} tone=${0} /></div>
        <p class="figure-foot">${trouble(today)}${state ? ` · ${count(state.concurrency.running)} running now` : ''}</p>
      <//>
    </section>`
}

const TITLE = 'Today and this month'
const labels = ['Spent today', 'Spent this month', 'Saved by the cache this month', 'Calls today']

/** The same four figures while they are loading, or if they cannot be loaded. @param {{ failure: Failure | undefined, retry: () => void }} props */
function Unknown({ failure, retry }) {
  const values = failure
    ? html`<p class="figure-value quiet">–</p><p class="figure-note text-warn" title=${failure.message}>Could not be loaded</p>
        <p class="figure-foot"><button type="button" class="button is-small" onClick=${retry}>Retry</button></p>`
    : html`<${Loading} lines=${3} />`
  return html`<section class="figures" aria-label=${TITLE} role=${failure && 'alert'}>
    ${labels.map(label => html`<div class="figure is-pending"><h2 class="figure-label">${label}</h2>${values}</div>`)}
  </section>`
}

/**
 * Yesterday's hours up to the current hour, and the label of the comparison: a day that has not ended is compared with the
 * same part of the day before.
 * @param {UsageRow[]} rows by hour @param {Date} now @returns {[rows: UsageRow[], words: string]}
 */
function sameHours(rows, now) {
  const end = new Date(now.getTime() - 24 * HOUR).toISOString()
  const [from, hour] = [end.slice(0, 10), Number(end.slice(11, 13))]
  // The first hour of a day is compared with the whole first hour of yesterday.
  const until = `${String(Math.max(1, hour)).padStart(2, '0')}:00`
  const found = rows.filter(row => row.hour?.startsWith(from) && row.hour.slice(11, 16) < until)
  return [found, `yesterday until ${until}`]
}

/** @param {{ label: string, value: string, note: unknown, children: unknown }} props */
function Figure({ label, value, note, children }) {
  return html`<div class="figure">
    <h2 class="figure-label">${label}</h2>
    <p class="figure-value">${value}</p>
    <p class="figure-note">${note}</p>
    ${children}
  </div>`
}

/** @param {{ money: Money | undefined, label: string, values: number[] }} props */
function Budget({ money, label, values }) {
  if (money?.limitUsd === undefined)
    return html`<div class="figure-graph"><${Spark} values=${values} tone=${0} /></div><p class="figure-foot">No budget for the whole gateway</p>`
  const { limitUsd, spentUsd, heldUsd, availableUsd = 0, resetsAt } = money
  return html`<div class="figure-graph"><${Meter} used=${spentUsd} held=${heldUsd} limit=${limitUsd} label=${label} /></div>
    <p class="figure-foot">
      <span class="nowrap">${availableUsd >= 1000 ? limit(Math.floor(availableUsd)) : usd(availableUsd)} left of ${limit(limitUsd)} ·</span>${' '}
      ${heldUsd > 0 && html`<span class="nowrap">${usd(heldUsd)} held ·</span> `}<span class="nowrap">resets in ${untilThen(resetsAt)}</span>
    </p>`
}

/** A linear forecast of the spend at the end of the month. @param {number} spent @param {Date} now */
function forecast(spent, now) {
  const [year, month] = [now.getUTCFullYear(), now.getUTCMonth()]
  const [start, end] = [Date.UTC(year, month), Date.UTC(year, month + 1)]
  const part = (now.getTime() - start) / (end - start)
  if (part < 0.03 || spent === 0) return 'so far'
  return html`${usd(spent / part)} by ${day(end - 1)} at this pace`
}

/** @param {Sums | undefined} sums */
function trouble(sums) {
  if (!sums?.calls) return 'none failed'
  const { upstream_error = 0, gateway_error = 0, lost = 0 } = sums.outcomes
  const failed = upstream_error + gateway_error + lost
  return failed === 0 ? 'none failed' : `${percent(failed, sums.calls)} failed`
}

/** @param {Sums[]} rows @param {'costUsd' | 'savedUsd' | 'calls'} of */
function sumOf(rows, of) {
  return rows.reduce((sum, row) => sum + row[of], 0)
}
