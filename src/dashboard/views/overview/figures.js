/** The figures at the top: today, this month and where it leads, the cache, calls. */

import { html } from 'htm/preact'
import { question } from '../../api.js'
import { Spark } from '../../charts/spark.js'
import { Meter } from '../../components/meter.js'
import { Loading, Stale } from '../../components/states.js'
import { useData } from '../../data.js'
import { count, day, daysAgo, limitUsd as limit, percent, shortCount, until, usd } from '../../format.js'

/** @import { Gateway, Money, Sums, Usage } from '../../types.ts' */

const DAYS = 14
const EVERY = 10_000

export function Figures() {
  const now = new Date()
  const month = `${now.toISOString().slice(0, 8)}01`
  const from = [month, daysAgo(DAYS - 1)].sort()[0]
  /** @type {import('../../data.js').Followed<Gateway>} */
  const gateway = useData('/gateway', { every: EVERY })
  /** @type {import('../../data.js').Followed<Usage>} */
  const usage = useData(question('/usage', { by: 'day', from, to: daysAgo(-1) }), { every: EVERY })
  const failure = gateway.failure ?? usage.failure
  if (!usage.data || !gateway.data)
    return failure
      ? html`<${Stale} failure=${failure} />`
      : html`<div class="figures"><${Loading} lines=${3} /></div>`

  const byDay = new Map(usage.data.rows.map(row => [row.day, row]))
  const last = Array.from({ length: DAYS }, (_, i) => byDay.get(daysAgo(DAYS - 1 - i)))
  const [today, yesterday] = [last.at(-1), last.at(-2)]
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
    <section class="figures" aria-label="Today and this month">
      <${Figure} label="Spent today" value=${usd(state?.day?.spentUsd ?? today?.costUsd ?? 0)} note=${html`${usd(yesterday?.costUsd ?? 0)} yesterday`}>
        <${Budget} money=${state?.day} label="Budget of the day" values=${last.map(row => row?.costUsd ?? 0)} />
      <//>
      <${Figure} label="Spent this month" value=${usd(spentMonth)} note=${forecast(spentMonth, now)}>
        <${Budget} money=${state?.month} label="Budget of the month" values=${soFar.map(row => row.costUsd)} />
      <//>
      <${Figure} label="Saved by the cache this month" value=${usd(saved)} note=${saved > 0 ? `${percent(saved, saved + spentMonth)} of what it would have cost` : 'nothing yet'}>
        <div class="figure-graph"><${Spark} values=${last.map(row => row?.savedUsd ?? 0)} tone=${2} /></div>
        <p class="figure-foot">${percent(hits, calls)} of calls answered from it</p>
      <//>
      <${Figure} label="Calls today" value=${shortCount(today?.calls ?? 0)} note=${`${shortCount(yesterday?.calls ?? 0)} yesterday`}>
        <div class="figure-graph"><${Spark} values=${last.map(row => row?.calls ?? 0)} tone=${0} /></div>
        <p class="figure-foot">${trouble(today)}${state ? ` · ${count(state.concurrency.running)} running now` : ''}</p>
      <//>
    </section>`
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
      ${heldUsd > 0 && html`<span class="nowrap">${usd(heldUsd)} held ·</span> `}<span class="nowrap">resets in ${until(resetsAt)}</span>
    </p>`
}

/** The month's end at the pace so far: a straight line, and said so. @param {number} spent @param {Date} now */
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
