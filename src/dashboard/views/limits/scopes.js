/** Several scopes in one table: their limits and current usage. */

import { html } from 'htm/preact'
import { BudgetCell, Meter } from '../../components/meter.js'
import { count } from '../../format.js'

/** @import { Settings, CurrentUsage } from '../../types.ts' */

/** @type {[string, (scope: Settings & { name: string, state?: CurrentUsage | null }) => import('../../components/csv.js').Cell][]} */
export const scopeColumns = [
  ['name', ({ name }) => name],
  ['budgetDayUsd', ({ budget }) => budget?.day],
  ['spentDayUsd', ({ state }) => state?.day?.spentUsd],
  ['heldDayUsd', ({ state }) => state?.day?.heldUsd],
  ['budgetMonthUsd', ({ budget }) => budget?.month],
  ['spentMonthUsd', ({ state }) => state?.month?.spentUsd],
  ['heldMonthUsd', ({ state }) => state?.month?.heldUsd],
  ['requestsLimit', ({ limits }) => limits?.requests?.capacity],
  ['requestsPer', ({ limits }) => limits?.requests?.per],
  ['requestsLeft', ({ state }) => state?.requests?.available],
  ['tokensLimit', ({ limits }) => limits?.tokens?.capacity],
  ['tokensPer', ({ limits }) => limits?.tokens?.per],
  ['tokensLeft', ({ state }) => state?.tokens?.available],
  ['runningLimit', ({ state }) => state?.concurrency.max],
  ['running', ({ state }) => state?.concurrency.running],
]

/** @typedef {{ name: string, address?: string, settings: Settings, state: CurrentUsage | null | undefined, edit?: () => void }} LimitedScope */

/** @param {{ scopes: LimitedScope[], label: string }} props */
export function ScopesTable({ scopes, label }) {
  const isEditable = scopes.some(({ edit }) => edit)
  return html`<div class="scroll" tabindex="0" role="region" aria-label=${label}>
    <table class="table is-scopes">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Today</th>
          <th scope="col">This month</th>
          <th scope="col">Requests left</th>
          <th scope="col">Tokens left</th>
          <th scope="col" class="num">Running</th>
          ${isEditable && html`<th scope="col"><span class="hidden">Change</span></th>`}
        </tr>
      </thead>
      <tbody>
        ${scopes.map(scope => html`<${Row} key=${scope.name} scope=${scope} isEditable=${isEditable} />`)}
      </tbody>
    </table>
  </div>`
}

/** @param {{ scope: LimitedScope, isEditable: boolean }} props */
function Row({
  scope: {
    name,
    address,
    settings: { limits },
    state,
    edit,
  },
  isEditable,
}) {
  return html`<tr>
    <th scope="row" class="nowrap">${address ? html`<a class="row-link" href=${address}>${name}</a>` : name}</th>
    <td><${BudgetCell} money=${state?.day} label="${name} today" /></td>
    <td><${BudgetCell} money=${state?.month} label="${name} this month" /></td>
    <td><${BucketCell} bucket=${state?.requests} per=${limits?.requests?.per} label="Requests of ${name}" /></td>
    <td><${BucketCell} bucket=${state?.tokens} per=${limits?.tokens?.per} label="Tokens of ${name}" /></td>
    <td class="num nowrap">${state ? count(state.concurrency.running) : '–'}${state?.concurrency.max !== undefined && html` <span class="quiet">of ${count(state.concurrency.max)}</span>`}</td>
    ${isEditable && html`<td class="num">${edit && html`<button type="button" class="button is-small" aria-label="Change ${name}" onClick=${edit}>Change</button>`}</td>`}
  </tr>`
}

/** @param {{ bucket: { capacity: number, available: number } | undefined, per: string | undefined, label: string }} props */
function BucketCell({ bucket, per, label }) {
  if (!bucket) return html`<span class="quiet">–</span>`
  const { capacity, available } = bucket
  return html`<span class="budget-cell">
    <span>${count(available)} <span class="quiet">of ${count(capacity)} / ${per}</span></span>
    <${Meter} used=${capacity - available} limit=${capacity} label=${label} />
  </span>`
}
