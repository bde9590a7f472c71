/** Calls as a table. The time and the row link to the details of a call. */

import { html } from 'htm/preact'
import { Outcome } from '../../components/badge.js'
import { TeamName } from '../../components/names.js'
import { callUsd, count, fullMoment, milliseconds, moment } from '../../format.js'
import { ask, href, place } from '../../router.js'
import { reasonOf } from '../../words.js'

/** @import { Call } from '../../types.ts' */

/** @param {{ calls: Call[], fresh: Set<string>, open: string | undefined }} props */
export function CallsTable({ calls, fresh, open }) {
  const { query } = place.get()
  return html`<table class="table is-calls is-picked">
    <thead>
      <tr>
        <${Head} name="" sorted=${query.sort}>Time<//><th scope="col">Client</th><th scope="col" class="hide-s">Model</th><th scope="col">Outcome</th>
        <${Head} name="input" sorted=${query.sort} class="num hide-m hide-p">Tokens in<//><${Head} name="output" sorted=${query.sort} class="num hide-m hide-p">Out<//>
        <${Head} name="latency" sorted=${query.sort} class="num hide-s hide-p">Latency<//><${Head} name="cost" sorted=${query.sort} class="num">Cost<//>
      </tr>
    </thead>
    <tbody>
      ${calls.map(call => html`<${Row} key=${`${call.id} ${call.seq ?? 0}`} call=${call} isFresh=${fresh.has(call.id)} isOpen=${call.id === open} />`)}
    </tbody>
  </table>`
}

/** A click on the head of a column sorts by it in descending order. A second click sorts in ascending order. @param {{ name: string, sorted: string | undefined, class?: string, children?: unknown }} props */
function Head({ name, sorted = '', class: own = '', children }) {
  const [sort = '', order] = sorted.split('-')
  const isOwn = (sort === 'time' ? '' : sort) === name
  const isDown = isOwn && order !== 'asc'
  const next = isDown ? `${name || 'time'}-asc` : name
  return html`<th scope="col" class=${own} aria-sort=${isOwn ? (isDown ? 'descending' : 'ascending') : undefined}>
    <a class="sort ${isOwn ? 'is-own' : ''}" href=${href('/calls', { ...place.get().query, sort: next, call: undefined })}>${children}${isOwn && html`<span aria-hidden="true">${isDown ? ' ↓' : ' ↑'}</span>`}</a>
  </th>`
}

/** @param {{ call: Call, isFresh: boolean, isOpen: boolean }} props */
function Row({ call, isFresh, isOpen }) {
  const {
    id,
    seq,
    at,
    client,
    team,
    model,
    outcome,
    refusal,
    latencyMs,
    costUsd,
    stream,
    attempts = 1,
  } = call
  const { inputTokens = 0, cacheReadTokens = 0, cacheWriteTokens = 0, outputTokens = 0 } = call
  const input = inputTokens + cacheReadTokens + cacheWriteTokens
  const pick = (/** @type {MouseEvent} */ event) => {
    if (event.target instanceof Element && event.target.closest('a')) return
    if (getSelection()?.toString()) return
    ask({ call: id })
  }
  return html`<tr class="${isFresh ? 'is-fresh' : ''} ${isOpen ? 'is-open' : ''}" onClick=${pick}>
    <th scope="row" class="nowrap"><a class="row-link" href=${href('/calls', { ...place.get().query, call: id })} aria-current=${isOpen ? 'true' : undefined}><time datetime=${at} title=${fullMoment(at)}>${moment(at)}</time></a></th>
    <td class="is-who"><span class="cut">${client ?? html`<span class="quiet">No client</span>`}</span>${team && html`<span class="beside hide-m hide-p"><${TeamName} name=${team} /></span>`}<span class="sub show-s cut">${model}</span></td>
    <td class="hide-s"><span class="cut">${model ?? html`<span class="quiet">–</span>`}</span>${stream && html`<span class="beside hide-m hide-p">stream</span>`}</td>
    <td class="nowrap"><${Outcome} outcome=${outcome} />${seq === 1 && html`<span class="beside">correction</span>`}${attempts > 1 && html`<span class="beside" title="Requests to upstreams: ${attempts}">attempt ${attempts}</span>`}${refusal && html`<span class="beside hide-s hide-p">${reasonOf(refusal).title}</span>`}</td>
    <td class="num hide-m hide-p">${input ? count(input) : html`<span class="quiet">–</span>`}</td>
    <td class="num hide-m hide-p">${outputTokens ? count(outputTokens) : html`<span class="quiet">–</span>`}</td>
    <td class="num hide-s hide-p nowrap">${milliseconds(latencyMs)}</td>
    <td class="num nowrap"><span class=${costUsd === 0 ? 'quiet' : ''}>${callUsd(costUsd)}</span></td>
  </tr>`
}
