/** Lines over time, drawn by uPlot. The pointer or the arrow keys select a time. A hidden table has the same values for screen readers. */

import { html } from 'htm/preact'
import { useEffect, useRef, useState } from 'preact/hooks'
import uPlot from 'uplot'
import { useStore } from '../store.js'
import { theme } from '../theme.js'

const HOUR = 3_600_000
/** The vertical position of a cursor that the keys move, pixels. */
const TOP = 10
/** Distances between two marks of the axis. */
const STEPS = [1 / 12, 1 / 4, 1 / 2, 1, 2, 3, 6, 12, 24, 48, 120, 240, 720, 2160].map(hours => hours * HOUR)

/**
 * A line; `before`: the values of the previous period, at the times of this one. Null: no measurement.
 * @typedef {{ name: string, tone: number, values: (number | null)[], before?: (number | null)[] | undefined }} Line
 */

/**
 * @param {{ label: string, times: number[], lines: Line[], height?: number, format: (value: number) => string, formatTime: (ms: number) => string, formatTick: (ms: number) => string }} props
 * `times` in milliseconds.
 */
export function Lines({ label, times, lines, height = 200, format, formatTime, formatTick }) {
  const place = useRef(/** @type {HTMLDivElement | null} */ (null))
  const plot = useRef(/** @type {uPlot | undefined} */ (undefined))
  const [at, setAt] = useState(/** @type {number | undefined} */ (undefined))
  const kept = useRef(at)
  kept.current = at
  const shade = useStore(theme)
  const isDark = useDark()
  const content = JSON.stringify([times, lines])

  useEffect(() => {
    const element = place.current
    if (!element) return
    const style = getComputedStyle(element)
    const colour = (/** @type {string} */ name) => style.getPropertyValue(name).trim()
    const axis = {
      stroke: colour('--ink-3'),
      font: '11px Inter, sans-serif',
      grid: { stroke: colour('--line'), width: 1 },
      ticks: { show: false },
    }
    const drawn = lines.flatMap(line => [
      ...(line.before
        ? [{ values: line.before, stroke: `${colour(`--tone-${line.tone}`)}66`, width: 1, dash: [4, 3] }]
        : []),
      { values: line.values, stroke: colour(`--tone-${line.tone}`), width: 2, dash: [] },
    ])
    const made = new uPlot(
      {
        width: Math.max(element.clientWidth, 200),
        height,
        legend: { show: false },
        padding: [8, 20, 0, 0],
        cursor: { y: false, drag: { x: false, y: false } },
        scales: { x: { time: false }, y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.08 : 1] } },
        axes: [
          { ...axis, size: 26, space: 80, incrs: STEPS, values: (_plot, marks) => marks.map(formatTick) },
          {
            ...axis,
            size: 64,
            values: (_plot, marks) => marks.map(mark => (mark === 0 ? '0' : format(mark))),
          },
        ],
        series: [
          {},
          ...drawn.map(({ stroke, width, dash }) => ({
            stroke,
            width,
            dash,
            points: { size: 4, fill: stroke },
          })),
        ],
        hooks: { setCursor: [({ cursor }) => setAt(cursor.idx ?? undefined)] },
      },
      [times, ...drawn.map(({ values }) => values)],
      element,
    )
    plot.current = made
    const time = times[kept.current ?? -1]
    // The first draw sets the scales in a microtask. Before it there is no position.
    if (time !== undefined) queueMicrotask(() => made.setCursor({ left: made.valToPos(time, 'x'), top: TOP }))
    const observer = new ResizeObserver(([entry]) => {
      if (entry) made.setSize({ width: Math.max(Math.floor(entry.contentRect.width), 200), height })
    })
    observer.observe(element)
    return () => {
      observer.disconnect()
      made.destroy()
      plot.current = undefined
    }
  }, [content, height, shade, isDark])

  const onKey = (/** @type {KeyboardEvent} */ event) => {
    const last = times.length - 1
    const to = {
      ArrowLeft: at === undefined ? last : Math.max(0, at - 1),
      ArrowRight: at === undefined ? 0 : Math.min(last, at + 1),
      Home: 0,
      End: last,
    }[event.key]
    const made = plot.current
    if (to === undefined || !made) return
    event.preventDefault()
    made.setCursor({ left: made.valToPos(times[to] ?? 0, 'x'), top: TOP })
    setAt(to)
  }
  const shown = at === undefined ? undefined : times[at]
  const text = (/** @type {number | null | undefined} */ value) => (value == null ? '–' : format(value))
  return html`<figure class="chart chart-lines">
    <div ref=${place} class="chart-place" tabindex="0" role="group" aria-roledescription="chart" aria-label="${label}. Arrow keys read it slot by slot." onKeyDown=${onKey} />
    <p class="chart-reading" aria-live="polite">${
      shown !== undefined && at !== undefined
        ? html`<strong>${formatTime(shown)}</strong>${lines.map(({ name, tone, values, before }) => html`<span><span class="swatch fill-${tone}" />${name} ${text(values[at])}${before && html` <span class="quiet">before ${text(before[at])}</span>`}</span>`)}`
        : lines.map(({ name, tone }) => html`<span><span class="swatch fill-${tone}" />${name}</span>`)
    }</p>
    <div class="hidden"><table>
      <caption>${label}</caption>
      <thead><tr><th scope="col">Time</th>${lines.map(({ name, before }) => html`<th scope="col">${name}</th>${before && html`<th scope="col">${name}, previous period</th>`}`)}</tr></thead>
      <tbody>${times.map((time, i) => html`<tr><th scope="row">${formatTime(time)}</th>${lines.map(({ values, before }) => html`<td>${text(values[i])}</td>${before && html`<td>${text(before[i])}</td>`}`)}</tr>`)}</tbody>
    </table></div>
  </figure>`
}

/** Whether the system prefers a dark theme. A canvas does not follow the style sheet, so it is drawn again. */
function useDark() {
  const [query] = useState(() => matchMedia('(prefers-color-scheme: dark)'))
  const [isDark, setDark] = useState(query.matches)
  useEffect(() => {
    const look = () => setDark(query.matches)
    query.addEventListener('change', look)
    return () => query.removeEventListener('change', look)
  }, [query])
  return isDark
}
