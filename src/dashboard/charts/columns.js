/** Stacked columns over time. The pointer or the arrow keys select a column. A hidden table has the same values for screen readers. A click or Enter opens the column. */

import { html } from 'htm/preact'
import { useEffect, useLayoutEffect, useRef, useState } from 'preact/hooks'
import { ticks } from './scale.js'

/** @import { Series } from './series.js' */

const TOP = 10
const BOTTOM = 24
/** Space below the ticks, for the label of the bucket that has not ended. */
const SO_FAR = 13
const GAP = 1

/**
 * @param {{ label: string, buckets: string[], series: Series[], height?: number, format: (value: number) => string, formatAxis: (value: number) => string, formatBucket: (bucket: string) => string, formatTick?: (bucket: string) => string, dimmed?: string, limit?: { value: number, label: string } | undefined, partial?: string | undefined, onOpen?: (bucket: string, name: string | undefined) => void, opens?: string }} props
 * `partial`: the bucket that has not ended. `onOpen`: called with a bucket and the series that was picked in it; `opens`: the name of the opened list, for hints.
 */
export function Columns({
  label,
  buckets,
  series,
  height = 260,
  format,
  formatAxis,
  formatBucket,
  formatTick = formatBucket,
  dimmed,
  limit,
  partial,
  onOpen,
  opens = 'its calls',
}) {
  const place = useRef(/** @type {HTMLDivElement | null} */ (null))
  const width = useWidth(place)
  const [{ at, picked }, setMark] = useState(/** @type {{ at?: number, picked?: number }} */ ({}))
  /** No series is picked when the column changes. @param {number} [column] */
  const setAt = column => setMark(mark => (mark.at === column ? mark : { at: column }))
  const touched = useRef(/** @type {number | undefined} */ (undefined))
  useEffect(() => setAt(undefined), [buckets.length])

  const totals = buckets.map((_, i) => series.reduce((sum, { values }) => sum + (values[i] ?? 0), 0))
  const highest = Math.max(...totals)
  // A limit far above the columns is not drawn.
  const line = limit && limit.value <= highest * 1.6 ? limit : undefined
  const lines = ticks(Math.max(highest, line?.value ?? 0))
  const top = lines.at(-1) ?? 1
  const left = 8 + Math.max(...lines.map(value => formatAxis(value).length)) * 6.6
  const inner = Math.max(0, width - left)
  const step = inner / buckets.length
  const bar = Math.max(1, Math.min(44, step * (buckets.length > 40 ? 0.78 : 0.68)))
  const below = partial === undefined ? 0 : SO_FAR
  const plot = height - TOP - BOTTOM - below
  const y = (/** @type {number} */ value) => TOP + plot * (1 - value / top)
  const every = Math.max(1, Math.ceil(buckets.length / Math.max(2, Math.floor(inner / 72))))

  const columnAt = (/** @type {MouseEvent} */ { clientX }) => {
    const box = place.current?.getBoundingClientRect()
    const found = Math.floor((clientX - (box?.left ?? 0) - left) / step)
    return found >= 0 && found < buckets.length ? found : undefined
  }
  const open = (/** @type {number | undefined} */ column, /** @type {string | undefined} */ name) => {
    const bucket = column === undefined ? undefined : buckets[column]
    if (bucket !== undefined) onOpen?.(bucket, name)
  }
  /** The first touch selects a column. The second touch opens it. */
  const onClick = (/** @type {PointerEvent} */ event) => {
    const column = columnAt(event)
    const isRead = event.pointerType !== 'touch' || touched.current === column
    touched.current = column
    setAt(column)
    if (!isRead || column === undefined) return
    const y = event.clientY - (place.current?.getBoundingClientRect().top ?? 0)
    open(column, seriesAt(series, column, top * (1 - (y - TOP) / plot)))
  }
  const onKey = (/** @type {KeyboardEvent} */ event) => {
    const last = buckets.length - 1
    const to = {
      ArrowLeft: at === undefined ? last : Math.max(0, at - 1),
      ArrowRight: at === undefined ? 0 : Math.min(last, at + 1),
      Home: 0,
      End: last,
    }[event.key]
    const turn = { ArrowUp: -1, ArrowDown: 1 }[event.key]
    if (event.key === 'Escape' && at !== undefined) setAt(undefined)
    else if (event.key === 'Enter' && at !== undefined && onOpen) open(at, nameOf(parts[picked ?? -1]))
    else if (turn !== undefined && at !== undefined && onOpen && parts.length > 0)
      setMark({ at, picked: ((picked ?? (turn > 0 ? -1 : 0)) + turn + parts.length) % parts.length })
    else if (to !== undefined) setAt(to)
    else return
    event.preventDefault()
    event.stopPropagation()
  }
  const shown = at === undefined ? undefined : buckets[at]
  const parts =
    at === undefined
      ? []
      : series
          .map(({ name, tone, values, isOthers }) => ({ name, tone, isOthers, value: values[at] ?? 0 }))
          .filter(({ value }) => value > 0)

  const labelOf = (/** @type {string} */ bucket) =>
    `${formatBucket(bucket)}${bucket === partial ? ', so far' : ''}`

  return html`<figure class="chart">
    <div
      class="chart-place ${onOpen ? 'is-open' : ''}"
      ref=${place}
      style=${{ height: `${height}px` }}
      tabindex="0"
      role="group"
      aria-roledescription="chart"
      aria-label="${label}. Arrow keys read it column by column.${onOpen ? ` Enter opens ${opens}.` : ''}"
      onPointerMove=${(/** @type {PointerEvent} */ event) => setAt(columnAt(event))}
      onPointerLeave=${(/** @type {PointerEvent} */ event) => event.pointerType !== 'touch' && setAt(undefined)}
      onBlur=${() => setAt(undefined)}
      onClick=${onOpen && onClick}
      onKeyDown=${onKey}
    >
      ${
        width > 0 &&
        html`<svg width=${width} height=${height} aria-hidden="true">
        ${lines.map(
          value => html`<g class="chart-line ${value === 0 ? 'is-base' : ''}">
            <line x1=${left} x2=${width} y1=${Math.round(y(value)) + 0.5} y2=${Math.round(y(value)) + 0.5} />
            <text x=${left - 8} y=${y(value) + 3.5} text-anchor="end">${formatAxis(value)}</text>
          </g>`,
        )}
        ${at !== undefined && html`<rect class="chart-cursor" x=${left + at * step} y=${TOP} width=${step} height=${plot} />`}
        ${buckets.map((bucket, i) => {
          let base = 0
          const x = left + i * step + (step - bar) / 2
          const last = series.findLastIndex(({ values }) => (values[i] ?? 0) > 0)
          return html`<g key=${bucket} class="${at !== undefined && at !== i ? 'is-behind' : ''} ${bucket === partial ? 'is-partial' : ''}">
            ${series.map(({ name, tone, values }, s) => {
              const value = values[i] ?? 0
              if (value <= 0) return null
              const bottom = y(base)
              base += value
              const gap = s === 0 ? 0 : GAP
              const high = Math.max(0.5, bottom - y(base) - gap)
              const faded = dimmed !== undefined && dimmed !== name
              return html`<path class="fill-${tone} ${faded ? 'is-faded' : ''}" d=${column(x, bottom - gap - high, bar, high, s === last ? 2.5 : 0)} />`
            })}
          </g>`
        })}
        ${
          line &&
          html`<g class="chart-limit">
            <line x1=${left} x2=${width} y1=${y(line.value)} y2=${y(line.value)} />
            <text x=${width - 2} y=${y(line.value) - 5} text-anchor="end">${line.label}</text>
          </g>`
        }
        ${buckets.map((bucket, i) => {
          if ((buckets.length - 1 - i) % every !== 0) return null
          const x = left + (i + 0.5) * step
          return html`<text class="chart-tick" x=${Math.min(width - 16, x)} y=${height - below - 6} text-anchor="middle">${formatTick(bucket)}</text>
            ${bucket === partial && html`<text class="chart-partial" x=${Math.min(width - 16, x)} y=${height - 5} text-anchor="middle">so far</text>`}`
        })}
      </svg>`
      }
      ${
        shown !== undefined &&
        at !== undefined &&
        html`<div class="tip ${left + at * step > width / 2 ? 'is-left' : ''}" style=${tipPlace(left + (at + 0.5) * step, step, width)} aria-live="polite">
          <p class="tip-title">${labelOf(shown)}<span>${format(totals[at] ?? 0)}</span></p>
          ${parts.map(({ name, tone, value }, i) => html`<p class=${i === picked ? 'is-picked' : ''}><span class="swatch fill-${tone}" />${name}<span>${format(value)}</span></p>`)}
          ${parts.length === 0 && html`<p class="quiet">No data</p>`}
          ${onOpen && parts.length > 0 && html`<p class="tip-hint">Click or Enter: ${opens}</p>`}
        </div>`
      }
    </div>
    <div class="hidden"><table>
      <caption>${label}</caption>
      <thead><tr><th scope="col">Time</th>${series.map(({ name }) => html`<th scope="col">${name}</th>`)}</tr></thead>
      <tbody>${buckets.map((bucket, i) => html`<tr><th scope="row">${labelOf(bucket)}</th>${series.map(({ values }) => html`<td>${format(values[i] ?? 0)}</td>`)}</tr>`)}</tbody>
    </table></div>
  </figure>`
}

/** The series at a height of a column; undefined above the column and for the sum of others. @param {Series[]} series @param {number} column @param {number} height as a value of the axis */
function seriesAt(series, column, height) {
  let base = 0
  const found = series.find(({ values }) => {
    base += values[column] ?? 0
    return height <= base
  })
  return nameOf(found)
}

/** @param {{ name: string, isOthers?: boolean | undefined } | undefined} part */
function nameOf(part) {
  return part?.isOthers ? undefined : part?.name
}

/** The place of the tip beside the column, on the side with more space. @param {number} x @param {number} step @param {number} width */
function tipPlace(x, step, width) {
  return x > width / 2 ? { right: `${width - x + step / 2 + 8}px` } : { left: `${x + step / 2 + 8}px` }
}

/** A column with its upper corners round. @param {number} x @param {number} y @param {number} w @param {number} h @param {number} radius */
function column(x, y, w, h, radius) {
  const r = Math.min(radius, w / 2, h)
  return `M${x} ${y + h}v${-(h - r)}q0 ${-r} ${r} ${-r}h${w - 2 * r}q${r} 0 ${r} ${r}v${h - r}z`
}

/** @param {{ current: HTMLElement | null }} place */
function useWidth(place) {
  const [width, setWidth] = useState(0)
  useLayoutEffect(() => {
    if (!place.current) return
    setWidth(place.current.clientWidth)
    const observer = new ResizeObserver(([entry]) => entry && setWidth(Math.floor(entry.contentRect.width)))
    observer.observe(place.current)
    return () => observer.disconnect()
  }, [])
  return width
}
