/** Latency and errors of calls, by model and upstream, compared with the previous period. */

import { html } from 'htm/preact'
import { question } from '../api.js'
import { Lines } from '../charts/lines.js'
import { tonesOf } from '../charts/tones.js'
import { DownloadCsv } from '../components/csv.js'
import { Card, Page } from '../components/page.js'
import { RangePicker, rangeOf } from '../components/range.js'
import { Segmented } from '../components/segmented.js'
import { Empty, Loaded, Unloaded } from '../components/states.js'
import { useData } from '../data.js'
import {
  count,
  day,
  duration,
  fullMoment,
  milliseconds,
  percent,
  share,
  timeOfDay,
  weekday,
} from '../format.js'
import { ask, href } from '../router.js'

/** @import { Followed } from '../data.js' */
/** @import { Performance, PerformanceFound, PerformanceSeries, Place } from '../types.ts' */

/** @type {[string, string][]} */
const groups = [
  ['model', 'Model'],
  ['upstream', 'Upstream'],
]
/** @type {['p50' | 'p95' | 'p99', string][]} */
const percentiles = [
  ['p50', 'p50'],
  ['p95', 'p95'],
  ['p99', 'p99'],
]
const SHOWN = '6'
const LENGTHS = { '5m': 300_000, hour: 3_600_000, day: 86_400_000 }
/** The label of a tick: the day at midnight, else the time. @param {number} at */
const tick = at => (timeOfDay(at) === '00:00' ? day(at) : timeOfDay(at))
const times = { '5m': tick, hour: tick, day }

/** @param {{ place: Place }} props */
export function PerformanceView({ place: { query } }) {
  const { from, to } = rangeOf(query)
  const by = query.by === 'upstream' ? 'upstream' : 'model'
  const [level] = percentiles.find(([one]) => one === query.level) ?? ['p95']
  const isCompared = query.compare !== 'no'
  const asked = (
    /** @type {number} */ start,
    /** @type {number} */ end,
    /** @type {string | undefined} */ step,
  ) =>
    question('/performance', {
      ...{ from: new Date(start).toISOString(), to: new Date(end).toISOString() },
      ...{ by, step, limit: SHOWN },
    })
  /** @type {Followed<PerformanceFound>} */
  const now = useData(asked(from, to, undefined))
  // Both periods have the same slots, so that one chart shows them.
  const step = now.data?.step
  /** @type {Followed<PerformanceFound>} */
  const before = useData(isCompared && step ? asked(2 * from - to, from, step) : undefined, { every: 60_000 })
  const fresh = (/** @type {string} */ name, /** @type {string} */ usual) => (/** @type {string} */ value) =>
    ask({ [name]: value === usual ? undefined : value }, { replace: true })

  return html`<${Page} title="Performance" lead="Latency and error rate of calls. The error of a percentile is at most 7.3%.">
    <div class="filters">
      <${RangePicker} query=${query} />
      <${Segmented} label="Group by" options=${groups} value=${by} onPick=${fresh('by', 'model')} />
      <${Segmented} label="Percentile" options=${percentiles} value=${level} onPick=${fresh('level', 'p95')} />
      <button type="button" class="button is-small" aria-pressed=${isCompared} onClick=${() => ask({ compare: isCompared ? 'no' : undefined }, { replace: true })}>Compare with the previous period</button>
    </div>
    ${
      now.data
        ? html`<${Loaded} of=${now}>${(/** @type {PerformanceFound} */ found) => html`<${Found} found=${found} before=${isCompared ? before.data : undefined} by=${by} level=${level} />`}<//>`
        : html`<${Unloaded} of=${now} panels=${panelsOf(level, by)} />`
    }
  <//>`
}

/** @param {string} level @param {string} by */
const panelsOf = (level, by) =>
  [`Latency, ${level}`, `Time to first token, ${level}`, 'Error rate', `By ${by}`].map(title => [title, 8])
/** @param {PerformanceSeries} series @param {string} by */
const nameOf = (series, by) => (by === 'upstream' ? series.upstream : series.model) ?? `No ${by}`
/** The name of a series; a model links to its calls. @param {PerformanceSeries} series @param {string} by */
const named = (series, by) =>
  by === 'model' && series.model
    ? html`<a href=${href('/calls', { model: series.model })}>${series.model}</a>`
    : nameOf(series, by)
/** @param {Performance} of */
const errorRate = ({ calls, errors }) => (calls > 0 ? errors / calls : null)

/** @param {{ found: PerformanceFound, before: PerformanceFound | undefined, by: 'model' | 'upstream', level: 'p50' | 'p95' | 'p99' }} props */
function Found({ found, before, by, level }) {
  const { step, series, all, more, since } = found
  const length = LENGTHS[step]
  const [from, to] = [Date.parse(found.from), Date.parse(found.to)]
  const shift = before ? from - Date.parse(before.from) : 0
  const slots = Array.from({ length: Math.round((to - from) / length) }, (_, i) => from + i * length)
  const ordered = series.toSorted((a, b) => (nameOf(a, by) < nameOf(b, by) ? -1 : 1))
  const tones = tonesOf(
    by,
    ordered.map(one => nameOf(one, by)),
  )
  const toneOf = (/** @type {PerformanceSeries} */ one) => tones.get(nameOf(one, by)) ?? 0
  const earlier = (/** @type {string} */ name) => before?.series.find(one => nameOf(one, by) === name)
  const linesOf = (/** @type {(of: Performance) => number | null} */ of) =>
    ordered.map(one => {
      const valuesOf = (/** @type {PerformanceSeries} */ { slots: own }, /** @type {number} */ moved) => {
        const known = new Map(own.map(slot => [Date.parse(slot.at) + moved, of(slot)]))
        return slots.map(at => known.get(at) ?? null)
      }
      const name = nameOf(one, by)
      const former = earlier(name)
      return { name, tone: toneOf(one), values: valuesOf(one, 0), before: former && valuesOf(former, shift) }
    })
  const note =
    since && Date.parse(since) > from ? `Calls before ${fullMoment(since)} were not measured.` : undefined
  if (all.total.calls === 0)
    return html`<section class="card"><${Empty} title="No calls in this period">${note}<//></section>`
  const chart = (
    /** @type {string} */ title,
    /** @type {(of: Performance) => number | null} */ of,
    /** @type {(value: number) => string} */ format,
  ) => html`<${Card} title=${title} isFlush>
    <${Lines} label="${title} by ${by}" times=${slots} lines=${linesOf(of)} format=${format} formatTime=${(/** @type {number} */ at) => (step === 'day' ? weekday(at) : `${weekday(at)}, ${timeOfDay(at)}`)} formatTick=${times[step]} />
  <//>`
  return html`${note && html`<p class="note" role="status">${note}</p>`}
    ${chart(`Latency, ${level}`, of => of.latencyMs[level], duration)}
    ${chart(`Time to first token, ${level}`, of => of.ttftMs[level], duration)}
    ${chart('Error rate', errorRate, value => percent(value))}
    <${Card} title="By ${by}" isFlush actions=${html`<${DownloadCsv} name="performance" columns=${columnsOf(by)} rows=${() => rowsOf(ordered, by)} />`}>
      <div class="scroll" tabindex="0" role="region" aria-label="Figures by ${by}"><table class="table is-narrow">
        <thead><tr><th scope="col">${by === 'model' ? 'Model' : 'Upstream'}</th><th scope="col" class="num">Calls</th><th scope="col" class="num">Errors</th><th scope="col" class="num">Latency ${level}</th><th scope="col" class="num">First token ${level}</th></tr></thead>
        <tbody>${[...ordered, all].map((one, i) => {
          const former = one === all ? before?.all : earlier(nameOf(one, by))
          const was = former?.total
          return html`<tr key=${i}>
            <th scope="row">${one === all ? 'All' : html`<span class="swatch fill-${toneOf(one)}" />${named(one, by)}`}</th>
            <td class="num">${count(one.total.calls)}<${Delta} now=${one.total.calls} was=${was?.calls} /></td>
            <td class="num">${share(one.total.errors, one.total.calls)}<${Delta} now=${errorRate(one.total)} was=${was && errorRate(was)} isPoints /></td>
            <td class="num">${milliseconds(one.total.latencyMs[level] ?? undefined)}<${Delta} now=${one.total.latencyMs[level]} was=${was?.latencyMs[level]} /></td>
            <td class="num">${milliseconds(one.total.ttftMs[level] ?? undefined)}<${Delta} now=${one.total.ttftMs[level]} was=${was?.ttftMs[level]} /></td>
          </tr>`
        })}</tbody>
      </table></div>
      ${more && html`<p class="note">The ${SHOWN} with the most calls; "All" counts every call.</p>`}
    <//>`
}

/** The change since the previous period, in percent or percentage points. @param {{ now: number | null, was: number | null | undefined, isPoints?: boolean }} props */
function Delta({ now, was, isPoints = false }) {
  if (now === null || was === null || was === undefined || (was === 0 && !isPoints)) return null
  const change = isPoints ? (now - was) * 100 : (now / was - 1) * 100
  const sign = change > 0 ? '+' : change < 0 ? '−' : '±'
  return html`<span class="sub delta" title="Compared with the previous period">${sign}${Math.abs(change).toFixed(1)}${isPoints ? ' points' : '%'}</span>`
}

/** @typedef {Performance & { at: string, name: string }} CsvRow */

/** @param {string} by @returns {[string, (row: CsvRow) => string | number | null][]} */
function columnsOf(by) {
  return [
    ['at', ({ at }) => at],
    [by, ({ name }) => name],
    ['calls', ({ calls }) => calls],
    ['errors', ({ errors }) => errors],
    ...percentiles.flatMap(
      ([level]) =>
        /** @type {[string, (row: CsvRow) => number | null][]} */ ([
          [`latency_ms_${level}`, ({ latencyMs }) => latencyMs[level]],
          [`ttft_ms_${level}`, ({ ttftMs }) => ttftMs[level]],
        ]),
    ),
  ]
}

/** @param {PerformanceSeries[]} series @param {string} by @returns {CsvRow[]} */
function rowsOf(series, by) {
  return series.flatMap(one => one.slots.map(slot => ({ name: nameOf(one, by), ...slot })))
}
