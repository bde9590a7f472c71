/** The expiry of a key or a token: a choice in its form, a text in its list. */

import { html } from 'htm/preact'
import { fullMoment, longDay, until } from '../format.js'
import { Select } from './field.js'

const DAY = 86_400_000
/** @type {[days: string, text: string][]} */
const lives = [
  ['', 'Never'],
  ['30', 'In 30 days'],
  ['90', 'In 90 days'],
  ['365', 'In a year'],
]

/** @param {{ value: string, onPick: (days: string) => void }} props */
export function EndSelect({ value, onPick }) {
  return html`<${Select} label="Expires" value=${value} options=${lives} onPick=${onPick} />`
}

/** The field of the admin API; none if it never expires. @param {string} days @returns {{ expiresAt?: string }} */
export function endIn(days) {
  return days ? { expiresAt: new Date(Date.now() + Number(days) * DAY).toISOString() } : {}
}

/** @param {{ at: string | undefined }} props */
export function End({ at }) {
  if (!at) return html`<span class="quiet">never</span>`
  const isOver = Date.parse(at) <= Date.now()
  return html`<span title=${fullMoment(at)}>${isOver ? longDay(at) : `in ${until(at)}`}</span>`
}
