/** One call: its cost, usage and times, and for a refused call its reason and advice. */

import { html } from 'htm/preact'
import { Badge, Outcome } from '../../components/badge.js'
import { Copy } from '../../components/copy.js'
import { ScopeName, TeamName } from '../../components/names.js'
import { Facts, Panel } from '../../components/panel.js'
import { Empty, Failed, Loading } from '../../components/states.js'
import { useData } from '../../data.js'
import { exactUsd, fineUsd, fullMoment, percent } from '../../format.js'
import { clientHref, href } from '../../router.js'
import { outcomeOf, UNBOUNDED } from '../../words.js'
import { Why } from '../refusals/why.js'
import { Attempts, Timing, Tokens } from './parts.js'

/** @import { Call, Refused } from '../../types.ts' */

/** @import { ChargedAttempt } from './parts.js' */
/** @typedef {ChargedAttempt & { attempts: ChargedAttempt[], refused?: Refused }} Found */

/** @param {{ id: string, known: Call | undefined, onClose: () => void }} props `known`: as the list has it; refused calls may be nowhere else. */
export function CallPanel({ id, known, onClose }) {
  const isLedgered = known === undefined || known.seq !== undefined || known.outcome !== 'refused'
  const { data, failure, reload } = useData(isLedgered ? `/calls/${encodeURIComponent(id)}` : undefined, {
    every: 0,
  })
  const found = /** @type {Found | undefined} */ (data)
  const rows = found?.rows.length ? found.rows : known ? [known] : []
  const [call] = rows
  const isUnknown = failure?.status === 404
  return html`<${Panel} title="Call" name=${id} onClose=${onClose}>
    ${call && html`<${Detail} call=${rows.at(-1) ?? call} rows=${rows} costUsd=${found?.costUsd ?? call.costUsd} attempts=${found?.attempts ?? []} />`}
    ${!call && found?.refused && html`<${RefusedDetail} id=${id} refused=${found.refused} />`}
    ${!call && failure && (isUnknown ? html`<${Empty} title="Call not found">${failure.message}<//>` : html`<${Failed} failure=${failure} retry=${reload} />`)}
    ${!call && !found && !failure && html`<${Loading} lines=${6} />`}
  <//>`
}

/** @param {{ call: Call, rows: Call[], costUsd: number, attempts: ChargedAttempt[] }} props */
function Detail({ call, rows, costUsd, attempts }) {
  const { outcome, refusal, error, heldUsd, savedUsd = 0, estimated, estimate, unbounded } = call
  const isCorrected = rows.length > 1
  // The hold is that of the last attempt.
  const lastUsd = rows.reduce((sum, row) => sum + row.costUsd, 0)
  return html`<div class="panel-lead">
      <p><${Outcome} outcome=${outcome} />${unbounded && html` <${Badge} tone="warn" title=${UNBOUNDED}>Unbounded<//>`}</p>
      <p class="panel-figure">${fineUsd(costUsd)}</p>
      <p class="quiet">${outcomeOf(outcome).meaning}</p>
    </div>
    ${refusal && html`<${Why} reason=${refusal} scope=${call.scope} client=${call.client} model=${call.model} error=${error} />`}
    ${!refusal && error && html`<p class="quote">${error}</p>`}
    <h3>Cost</h3>
    <${Facts}
      rows=${[
        [
          'Cost',
          html`<span class="exact">${exactUsd(costUsd)}</span>${estimated ? html` <span class="quiet">estimated</span>` : ''}`,
        ],
        ['Estimated from', estimate],
        [
          'Held',
          heldUsd > 0
            ? html`<span class="exact">${exactUsd(heldUsd)}</span> <span class="quiet">${percent(lastUsd, heldUsd)} used</span>`
            : undefined,
        ],
        ['Bound', unbounded ? UNBOUNDED : undefined],
        ['Saved', savedUsd > 0 ? exactUsd(savedUsd) : undefined],
        ['Price table', call.priceVersion && html`<code>${call.priceVersion}</code>`],
        ...(isCorrected
          ? rows.map(
              row =>
                /** @type {[string, unknown]} */ ([
                  row.seq === 1 ? 'Correction' : 'First charge',
                  exactUsd(row.costUsd),
                ]),
            )
          : []),
      ]}
    />
    <${Attempts} call=${call} charged=${attempts} />
    <${Tokens} call=${call} />
    <${Timing} call=${call} />
    <h3>Client and model</h3>
    <${Facts}
      rows=${[
        ['Client', call.client && html`<a href=${clientHref(call.client)}>${call.client}</a>`],
        ['Team', call.team && html`<${TeamName} name=${call.team} />`],
        ['Key', call.key && html`<code>${call.key}</code>`],
        ['Model', call.model && html`<span class="break">${call.model}</span>`],
        ['Route', call.route && html`<code>${call.route}</code>`],
        ['Upstream', call.upstream],
        [
          'Its name of the model',
          call.upstreamModel && html`<span class="break">${call.upstreamModel}</span>`,
        ],
        ['Status', call.status],
        ['Stream', call.stream === undefined ? undefined : call.stream ? 'yes' : 'no'],
        ['Cache', call.cache],
        ['Limit', call.scope && html`<${ScopeName} scope=${call.scope} />`],
        ['Time', fullMoment(call.at)],
        [
          'Request id',
          html`<span class="with-copy"><code class="break">${call.id}</code><${Copy} text=${call.id} label="Copy the request id" /></span>`,
        ],
      ]}
    />
    ${call.client && call.model && html`<p class="panel-links"><a class="button is-small" href=${href('/explain', { client: call.client, model: call.model })}>Explain this client and model</a></p>`}`
}

/** @param {{ id: string, refused: Refused }} props */
export function RefusedDetail({ id, refused: { client, reason, scope, sample } }) {
  return html`<div class="panel-lead"><${Outcome} outcome="refused" /><p class="quiet">Refused by the gateway; nothing was charged.</p></div>
    <${Why} reason=${reason} scope=${scope} client=${client} model=${sample.model} error=${sample.error} />
    <h3>Client and model</h3>
    <${Facts}
      rows=${[
        ['Client', client ? html`<a href=${clientHref(client)}>${client}</a>` : 'No client'],
        ['Key', sample.key && html`<code>${sample.key}</code>`],
        ['Model', sample.model],
        ['Route', sample.route && html`<code>${sample.route}</code>`],
        ['Status', sample.status],
        ['Time', fullMoment(sample.at)],
        [
          'Request id',
          html`<span class="with-copy"><code class="break">${id}</code><${Copy} text=${id} label="Copy the request id" /></span>`,
        ],
      ]}
    />`
}
