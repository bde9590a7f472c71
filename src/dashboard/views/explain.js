/** The rules for a call of one client for one model, with current usage. */

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { question } from '../api.js'
import { Field } from '../components/field.js'
import { Icon } from '../components/icon.js'
import { Card, Page } from '../components/page.js'
import { Facts } from '../components/panel.js'
import { Picker, useClients } from '../components/picker.js'
import { Empty, Failed, Loading } from '../components/states.js'
import { useData } from '../data.js'
import { count, daysAgo } from '../format.js'
import { ask, scopeHref } from '../router.js'
import { circuitWords, holds, reasonOf, scopeWords } from '../words.js'
import { ScopesTable } from './limits/scopes.js'

/** @import { Explanation, Place, Usage } from '../types.ts' */

/** @param {{ place: Place }} props */
export function Explain({ place: { query } }) {
  const { client = '', model = '' } = query
  const [wanted, setWanted] = useState({ client, model })
  const used = useData(question('/usage', { by: 'model', from: daysAgo(60), to: daysAgo(-1) }), { every: 0 })
  const { data, failure, isLoading, reload } = useData(
    client && model ? question('/explain', { client, model }) : undefined,
    { every: 5000 },
  )
  const models = /** @type {Usage | undefined} */ (used.data)?.rows.flatMap(row => row.model ?? []) ?? []
  const submit = (/** @type {Event} */ event) => {
    event.preventDefault()
    ask({ client: wanted.client.trim(), model: wanted.model.trim() })
    reload()
  }
  return html`<${Page} title="Explain" lead="The rules for a call of one client for one model, and the decision of the gateway now.">
    <form class="ask" onSubmit=${submit}>
      <${Picker} label="Client" name="client" value=${wanted.client} useSuggestions=${useClients} onInput=${(/** @type {string} */ value) => setWanted({ ...wanted, client: value })} />
      <${Field} label="Model" name="model" value=${wanted.model} list=${models} onInput=${(/** @type {string} */ value) => setWanted({ ...wanted, model: value })} />
      <button type="submit" class="button is-primary">Explain</button>
    </form>
    ${failure && (failure.status === 404 || failure.status === 400 ? html`<section class="card"><${Empty} title="Nothing to explain">${failure.message}<//></section>` : html`<${Failed} failure=${failure} retry=${reload} />`)}
    ${isLoading && html`<${Loading} lines=${8} />`}
    ${data && html`<${Found} found=${data} />`}
    ${!client || !model ? html`<section class="card"><${Empty} title="Enter a client and a model">The result shows the limits and budgets of the call, its upstream and its cost.<//></section>` : null}
  <//>`
}

/** @param {{ found: Explanation }} props */
function Found({ found }) {
  const {
    client,
    model,
    allowed,
    obstacles,
    levels,
    price,
    upstreams,
    cache,
    loop,
    hold,
    maxWaitMs,
    defaultMaxTokens,
    pattern,
    allow,
  } = found
  const isOpen = allowed && obstacles.length === 0
  return html`<div class="verdict ${isOpen ? 'is-good' : 'is-bad'}" role="status">
      <${Icon} name=${isOpen ? 'check' : 'refusals'} />
      <div>
        <p class="verdict-title">${isOpen ? `${client} may call ${model} now` : `${client} cannot call ${model} now`}</p>
        ${obstacles.length > 0 && html`<ul>${obstacles.map(({ code, detail }) => html`<li>${reasonOf(code).title}: ${detail}</li>`)}</ul>`}
        ${isOpen && html`<p>${pattern === '*' ? 'The client may use all models' : html`Allowed by <code>${pattern}</code>`}; no limit or budget is exhausted.</p>`}
      </div>
    </div>
    <${Card} title="Limits that apply" isFlush><${ScopesTable} label="Limits that apply" scopes=${levels.map(limitedScope)} /><//>
    <div class="columns">
      <${Card} title="Price" note="US dollars a million tokens">
        <${Facts}
          rows=${[
            ...pricesOf(price.usdPerMillionTokens, price.origins),
            ['Maximum input', count(price.maxInput)],
            ['Maximum output', price.maxOutput > 0 ? count(price.maxOutput) : undefined],
            ['Multiplier', price.multiplier ?? undefined],
            ['Source', sourceOf(price.usdPerMillionTokens)],
            ['Price table', html`<code>${price.version}</code>`],
          ]}
        />
      <//>
      <${Card} title="Upstream">
        <${Facts}
          rows=${[
            ...upstreams.map(
              ({ format, upstream, circuit }) =>
                /** @type {[unknown, unknown]} */ ([
                  `${FORMATS[/** @type {'openai'} */ (format)] ?? format} format`,
                  upstream
                    ? html`${upstream} ${circuit && html`<span class="quiet">Its circuit is not closed: ${circuit.reason}. ${circuitWords(circuit)}</span>`}`
                    : html`<span class="quiet">not served</span>`,
                ]),
            ),
            [
              'Cache',
              cache.enabled
                ? `${count(cache.ttlSeconds)} s, shared with ${cache.share === 'client' ? 'this client only' : cache.share}`
                : 'off',
            ],
            [
              'Hold',
              html`${holds[hold.applies].label} <span class="quiet">A running call holds ${hold.reserves}.</span>`,
            ],
            ['Maximum wait', maxWaitMs > 0 ? `${maxWaitMs / 1000} s before a 429` : 'none'],
            ['Loop brake', loop ? `${count(loop.identical)} identical requests per ${loop.per}` : 'none'],
            [
              'Default output limit',
              defaultMaxTokens === null
                ? undefined
                : `${count(defaultMaxTokens)} tokens, if the request has none`,
            ],
            ['Unbounded features', allow.length > 0 ? allow.join(', ') : 'none'],
          ]}
        />
      <//>
    </div>`
}

/** @param {Explanation['levels'][number]} level */
function limitedScope(level) {
  const { scope, state } = level
  return {
    name: scopeWords(scope),
    address: scopeHref(scope),
    settings: level,
    state,
  }
}

const FORMATS = { anthropic: 'Anthropic', openai: 'OpenAI' }

/** @type {Record<string, string>} */
const KINDS = {
  in: 'Input',
  out: 'Output',
  read: 'Prompt cache, read',
  write5m: 'Prompt cache, written for 5 min',
  write1h: 'Prompt cache, written for 1 h',
  write: 'Prompt cache, written',
}

const ORIGINS = {
  public: 'from the public list',
  'built-in': '',
  override: 'from PRICES_FILE or the upstream',
  derived: 'derived from PRICES_FILE or the upstream',
}

/** @param {Explanation['price']['usdPerMillionTokens']} row */
function sourceOf({ source, checked }) {
  return checked ? `${source}, checked ${checked}` : source
}

/** @param {unknown} row @param {Explanation['price']['origins']} origins @returns {[string, unknown][]} */
function pricesOf(row, origins) {
  if (typeof row !== 'object' || row === null) return []
  return Object.entries(row).flatMap(([kind, price]) => {
    const label = KINDS[kind]
    const origin = ORIGINS[origins[kind] ?? 'built-in']
    return label && (typeof price === 'number' || typeof price === 'string')
      ? [/** @type {[string, unknown]} */ ([label, html`$${price} <span class="quiet">${origin}</span>`])]
      : []
  })
}
