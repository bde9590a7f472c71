/** Upstreams and the routes to them, in the state of the replica that responds. */

import { html } from 'htm/preact'
import { Icon } from '../components/icon.js'
import { Card, Page } from '../components/page.js'
import { Empty, Loaded, Unloaded } from '../components/states.js'
import { useData } from '../data.js'
import { mayChange } from '../session.js'
import { CheckButton, Checked, useCheck } from './upstreams/check.js'
import { CircuitsTable } from './upstreams/circuits.js'
import { RoutesTable } from './upstreams/routes.js'
import { UpstreamsTable } from './upstreams/table.js'

/** @import { Upstreams } from '../types.ts' */

const EVERY = 5000

export function UpstreamsView() {
  /** @type {import('../data.js').Followed<Upstreams>} */
  const upstreams = useData('/upstreams', { every: EVERY })
  const check = useCheck()
  return html`<${Page}
    title="Upstreams"
    lead="Where calls go. Each replica has its own figures and circuits; these are of the replica that answered."
    actions=${mayChange() && html`<${CheckButton} of=${check} />`}
  >
    <${Checked} of=${check} />
    ${
      upstreams.data
        ? html`<${Loaded} of=${upstreams}>${(/** @type {Upstreams} */ found) => html`<${Found} found=${found} />`}<//>`
        : html`<${Unloaded} of=${upstreams} panels=${panels} />`
    }
  <//>`
}

/** @type {[string, number][]} */
const panels = [
  ['Upstreams', 5],
  ['Circuits', 3],
  ['Routes', 5],
]

/** @param {{ found: Upstreams }} props */
function Found({ found: { upstreams, routes, fault } }) {
  const circuits = upstreams.flatMap(({ name, circuits: own }) =>
    own.map(circuit => ({ upstream: name, circuit })),
  )
  return html`${fault && html`<${Fault} fault=${fault} />`}
    <${Card} title="Upstreams" isFlush>
      ${
        upstreams.length === 0
          ? html`<${Empty} title="No upstreams">Set EZAI_API_KEY, ANTHROPIC_API_KEY or OPENAI_API_KEY, or name upstreams in UPSTREAMS_FILE.<//>`
          : html`<${UpstreamsTable} upstreams=${upstreams} />`
      }
    <//>
    <${Card} title="Circuits" isFlush>
      ${
        circuits.length === 0
          ? html`<${Empty} title="All circuits are closed">No upstream and no key is set aside.<//>`
          : html`<${CircuitsTable} circuits=${circuits} />`
      }
    <//>
    <${Card} title="Routes" isFlush>
      ${
        routes.length === 0
          ? html`<${Empty} title="No routes">Each model goes to the most direct upstream that serves it. UPSTREAMS_FILE may have routes.<//>`
          : html`<${RoutesTable} routes=${routes} />`
      }
    <//>`
}

/** @param {{ fault: string }} props */
function Fault({ fault }) {
  return html`<div class="verdict is-bad" role="status">
    <${Icon} name="warning" />
    <div>
      <p class="verdict-title">UPSTREAMS_FILE is faulty</p>
      <p class="break">${fault}</p>
      <p>The previous upstreams and routes stay in force. A replica that starts now ends with this error.</p>
    </div>
  </div>`
}
