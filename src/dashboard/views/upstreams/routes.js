/** Routes in the order of the file. The first one that matches a model is used. */

import { html } from 'htm/preact'
import { count, percent } from '../../format.js'

/** @import { Route } from '../../types.ts' */

/** @type {Record<string, string>} */
const sticky = { client: 'By client', 'client+prefix': 'By client and start of the prompt' }

/** @param {{ routes: Route[] }} props */
export function RoutesTable({ routes }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="List of routes">
    <table class="table is-narrow">
      <thead>
        <tr><th scope="col">Models</th><th scope="col">Targets</th><th scope="col" class="num">Retries</th><th scope="col">Sticky</th></tr>
      </thead>
      <tbody>
        ${routes.map(
          (route, i) => html`<tr key=${i}>
            <th scope="row">${route.models.map(model => html`<div class="break">${model}</div>`)}</th>
            <td><${Targets} of=${route} /></td>
            <td class="num">${count(route.retries)}</td>
            <td>${route.sticky === null ? html`<span class="quiet">No</span>` : (sticky[route.sticky] ?? route.sticky)}</td>
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}

/** Balanced targets have shares, others an order. @param {{ of: Route }} props */
function Targets({ of: { targets, isBalanced } }) {
  const total = targets.reduce((sum, { weight }) => sum + (weight ?? 0), 0)
  const share = (/** @type {number | null} */ weight) =>
    weight === 0 ? 'only if all others fail' : `${percent(weight ?? 0, total)} of calls`
  const items = targets.map(
    ({ upstream, model, weight }) => html`<li>
      ${upstream}${model !== null && html` <span class="quiet">as ${model}</span>`}${isBalanced && html`<span class="quiet">, ${share(weight)}</span>`}
    </li>`,
  )
  return isBalanced ? html`<ul class="targets">${items}</ul>` : html`<ol class="targets">${items}</ol>`
}
