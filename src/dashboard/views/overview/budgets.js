/** The budgets with the highest spent share: gateway, teams and clients. */

import { html } from 'htm/preact'
import { allRows, DownloadCsv } from '../../components/csv.js'
import { Meter } from '../../components/meter.js'
import { Card } from '../../components/page.js'
import { Empty, Loaded } from '../../components/states.js'
import { useData } from '../../data.js'
import { budgetUsd, share as shareOf, until } from '../../format.js'
import { href, scopeHref } from '../../router.js'

/** @import { Budget } from '../../types.ts' */

const SHOWN = 10

/** @type {[string, (budget: Budget) => import('../../components/csv.js').Cell][]} */
const csvColumns = [
  ['kind', ({ kind }) => kind],
  ['name', ({ name }) => name],
  ['period', ({ period }) => period],
  ['limitUsd', ({ limitUsd }) => limitUsd],
  ['spentUsd', ({ spentUsd }) => spentUsd],
  ['heldUsd', ({ heldUsd }) => heldUsd],
  ['availableUsd', ({ availableUsd }) => availableUsd],
  ['resetsAt', ({ resetsAt }) => resetsAt],
]

export function Budgets() {
  const budgets = useData(`/budgets?limit=${SHOWN}`, { every: 10_000 })
  return html`<${Card} title="Budgets" note="highest share first" isFlush actions=${html`<${DownloadCsv} name="budgets" columns=${csvColumns} rows=${() => allRows('/budgets', {}, 'budgets')} /><a class="button is-small" href=${href('/limits')}>All limits</a>`}>
    <${Loaded} of=${budgets} lines=${6}>
      ${(/** @type {{ budgets: Budget[] }} */ { budgets: found }) =>
        found.length === 0
          ? html`<${Empty} title="No budgets">The spend of a client has no limit without a budget. <a href=${href('/limits')}>Set a budget for the whole gateway</a> or for a client.<//>`
          : html`<${Table} budgets=${found} />`}
    <//>
  <//>`
}

/** @param {{ budgets: Budget[] }} props */
function Table({ budgets }) {
  return html`<table class="table">
    <thead><tr><th scope="col">Scope</th><th scope="col" class="wide">Spent</th><th scope="col" class="num hide-s">Left</th><th scope="col" class="num hide-s">Resets in</th></tr></thead>
    <tbody>
      ${budgets.map(
        ({ kind, name: own, period, limitUsd, spentUsd, heldUsd, availableUsd, resetsAt, share }) => {
          const name = kind === 'gateway' ? 'Whole gateway' : own
          return html`<tr key="${kind} ${own} ${period}">
          <th scope="row"><a href=${scopeHref(`${kind}:${own}`)}>${name}</a><span class="sub">${kind === 'gateway' ? '' : `${kind}, `}a ${period}</span></th>
          <td>
            <span class="budget-cell">
              <span>${budgetUsd(spentUsd)} <span class="quiet">of ${budgetUsd(limitUsd)}</span><span class="budget-share">${shareOf(share, 1)}</span></span>
              <${Meter} used=${spentUsd} held=${heldUsd} limit=${limitUsd} label="Budget of ${name} a ${period}" />
            </span>
          </td>
          <td class="num hide-s">${budgetUsd(availableUsd)}</td>
          <td class="num hide-s quiet">${until(resetsAt)}</td>
        </tr>`
        },
      )}
    </tbody>
  </table>`
}
