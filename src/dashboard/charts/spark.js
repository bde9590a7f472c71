/** A line without axes, beside a number. */

import { html } from 'htm/preact'

const WIDTH = 120
const HEIGHT = 28

/** @param {{ values: number[], tone?: number }} props */
export function Spark({ values, tone = 0 }) {
  const highest = Math.max(...values)
  if (values.length < 2 || highest === 0)
    return html`<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true" preserveAspectRatio="none"><path class="spark-none" d="M0 ${HEIGHT - 2}H${WIDTH}" /></svg>`
  const x = (/** @type {number} */ i) => (i / (values.length - 1)) * (WIDTH - 4) + 2
  const y = (/** @type {number} */ value) => HEIGHT - 3 - (value / highest) * (HEIGHT - 6)
  const points = values.map((value, i) => `${x(i).toFixed(1)} ${y(value).toFixed(1)}`)
  const last = values.length - 1
  return html`<svg class="spark" viewBox="0 0 ${WIDTH} ${HEIGHT}" aria-hidden="true" preserveAspectRatio="none">
    <path class="spark-area fill-${tone}" d="M${x(0)} ${HEIGHT}L${points.join('L')}L${x(last)} ${HEIGHT}z" />
    <path class="spark-line stroke-${tone}" d="M${points.join('L')}" />
  </svg>`
}
