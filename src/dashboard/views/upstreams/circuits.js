/** Circuits that are not closed. */

import { html } from 'htm/preact'
import { Badge } from '../../components/badge.js'
import { moment } from '../../format.js'
import { href } from '../../router.js'
import { circuitWords } from '../../words.js'

/** @import { Circuit } from '../../types.ts' */

/** @param {{ circuits: { upstream: string, circuit: Circuit }[] }} props */
export function CircuitsTable({ circuits }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="List of circuits">
    <table class="table">
      <thead>
        <tr><th scope="col">Upstream</th><th scope="col">Model</th><th scope="col">State</th><th scope="col">Since</th><th scope="col">Reason</th></tr>
      </thead>
      <tbody>
        ${circuits.map(
          ({ upstream, circuit }) => html`<tr key=${`${upstream} ${circuit.model} ${circuit.key}`}>
            <th scope="row" class="nowrap">${upstream}${circuit.key !== undefined && html`<span class="sub">Key ${circuit.key}</span>`}</th>
            <td><a href=${href('/calls', { model: circuit.model })}>${circuit.model}</a></td>
            <td class="nowrap"><${Badge} tone=${circuit.state === 'open' ? 'bad' : 'warn'}>${circuit.state === 'open' ? 'Open' : 'Half open'}<//></td>
            <td class="nowrap">${moment(circuit.since)}</td>
            <td>${circuit.reason}<span class="sub">${circuitWords(circuit)}</span></td>
          </tr>`,
        )}
      </tbody>
    </table>
  </div>`
}
