/** A time range in the address: `range` is a preset up to now, `from` and `to` are any other range, in UTC. */

import { html } from 'htm/preact'
import { useEffect, useId, useState } from 'preact/hooks'
import { ask } from '../router.js'
import { Segmented } from './segmented.js'

const HOUR = 3_600_000
/** @type {[string, string, number][]} */
const usual = [
  ['1h', 'Hour', HOUR],
  ['24h', '24 hours', 24 * HOUR],
  ['7d', '7 days', 7 * 24 * HOUR],
  ['30d', '30 days', 30 * 24 * HOUR],
]
const USUAL = '24h'
const STEP = 300_000

/**
 * Half-open, in milliseconds. A preset follows the clock in steps of five minutes.
 * @param {Record<string, string>} query
 * @param {number} [now]
 */
export function rangeOf({ range, from, to }, now = Date.now()) {
  const [start, end] = [Date.parse(`${from}:00Z`), Date.parse(`${to}:00Z`)]
  if (start < end) return { name: undefined, from: start, to: end }
  const [name, , length] = usual.find(([one]) => one === range) ?? ['24h', '', 24 * HOUR]
  const last = Math.ceil(now / STEP) * STEP
  return { name, from: last - length, to: last }
}

/** As an input of the browser takes it. @param {number} at */
const minute = at => new Date(at).toISOString().slice(0, 16)

/** @param {{ query: Record<string, string> }} props */
export function RangePicker({ query }) {
  const range = rangeOf(query)
  const [edited, setEdited] = useState({ from: minute(range.from), to: minute(range.to) })
  const id = useId()
  useEffect(
    () => setEdited({ from: minute(range.from), to: minute(range.to) }),
    [query.range, query.from, query.to],
  )
  const isWrong = !(edited.from < edited.to)
  const pick = (/** @type {Event} */ event) => {
    event.preventDefault()
    if (!isWrong) ask({ ...edited, range: undefined })
  }
  const input = (/** @type {'from' | 'to'} */ end, /** @type {string} */ label) =>
    html`<label class="range-end"><span>${label}</span><input
      type="datetime-local"
      name=${end}
      value=${edited[end]}
      required
      aria-invalid=${isWrong}
      aria-describedby=${isWrong ? id : undefined}
      onInput=${(/** @type {Event} */ { currentTarget }) => currentTarget instanceof HTMLInputElement && setEdited({ ...edited, [end]: currentTarget.value })}
    /></label>`
  return html`<${Segmented} label="Range" options=${usual} value=${range.name ?? ''} onPick=${(/** @type {string} */ value) => ask({ range: value === USUAL ? undefined : value, from: undefined, to: undefined })} />
    <form class="range" onSubmit=${pick} aria-label="Range in UTC">
      ${input('from', 'From')}${input('to', 'to')}<span class="quiet">UTC</span>
      <button type="submit" class="button is-small" disabled=${isWrong}>Apply</button>
      ${isWrong && html`<span id=${id} class="field-fault">"From" must be before "to".</span>`}
    </form>`
}
