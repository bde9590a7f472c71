/** The used part of a budget or a limit: spent in full colour, held by running calls in stripes. */

import { html } from 'htm/preact'
import { budgetUsd, percent } from '../format.js'

/** @import { Money } from '../types.ts' */

/** @param {number} share */
function toneOf(share) {
  if (share >= 1) return 'is-bad'
  return share >= 0.8 ? 'is-warn' : ''
}

/** @param {{ used: number, held?: number, limit: number, label: string }} props */
export function Meter({ used, held = 0, limit, label }) {
  const share = limit > 0 ? used / limit : 1
  const width = `${Math.min(100, share * 100)}%`
  const heldWidth = `${Math.max(0, Math.min(100 - share * 100, (held / (limit || 1)) * 100))}%`
  return html`<div
    class="meter ${toneOf(share)}"
    role="meter"
    aria-label=${label}
    aria-valuemin="0"
    aria-valuemax="100"
    aria-valuenow=${Math.min(100, Math.round(share * 100))}
    aria-valuetext="${percent(share)} used"
  >
    <span class="meter-used" style=${{ width }} />
    <span class="meter-held" style=${{ width: heldWidth }} />
  </div>`
}

/** A budget in a table's cell. @param {{ money: Money | undefined, label: string }} props */
export function BudgetCell({ money, label }) {
  if (!money) return html`<span class="quiet">–</span>`
  const { limitUsd, spentUsd, heldUsd } = money
  if (limitUsd === undefined)
    return html`<span class="budget-cell"><span>${budgetUsd(spentUsd)} <span class="quiet">no limit</span></span></span>`
  return html`<span class="budget-cell">
    <span>${budgetUsd(spentUsd)} <span class="quiet">of ${budgetUsd(limitUsd)}</span></span>
    <${Meter} used=${spentUsd} held=${heldUsd} limit=${limitUsd} label=${label} />
  </span>`
}
