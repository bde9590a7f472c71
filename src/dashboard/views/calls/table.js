/** Calls as a table; the time is the link to a call's detail, and the whole row leads there. */

import { html } from 'htm/preact'
import { Outcome } from '../../components/badge.js'
import { TeamName } from '../../components/names.js'
import { duration, fineUsd, fullMoment, moment, shortCount } from '../../format.js'
import { ask, href, place } from '../../router.js'
import { reasonOf } from '../../words.js'

/** @import { Call } from '../../types.ts' */

/** @param {{ calls: Call[], fresh: Set<string>, open: string | undefined }} props */
export function CallsTable({ calls, fresh, open }) {
  return html`<table class="table is-calls is-picked">
    <thead>
      <tr>
        <th scope="col">Time</th><th scope="col">Client</th><th scope="col" class="hide-s">Model</th><th scope="col">Outcome</th>
        <th scope="col" class="num hide-m hide-p">Tokens in</th><th scope="col" class="num hide-m hide-p">Out</th>
        <th scope="col" class="num hide-s hide-p">Took</th><th scope="col" class="num">Cost</th>
      </tr>
    </thead>
    <tbody>
      ${calls.map(call => html`<${Row} key=${`${call.id} ${call.seq ?? 0}`} call=${call} isFresh=${fresh.has(call.id)} isOpen=${call.id === open} />`)}
    </tbody>
  </table>`
}

/** @param {{ call: Call, isFresh: boolean, isOpen: boolean }} props */
function Row({ call, isFresh, isOpen }) {
  const { id, seq, at, client, team, model, outcome, refusal, latencyMs, costUsd, stream } = call
  const { inputTokens = 0, cacheReadTokens = 0, cacheWriteTokens = 0, outputTokens = 0 } = call
  const input = inputTokens + cacheReadTokens + cacheWriteTokens
  const pick = (/** @type {MouseEvent} */ event) => {
    if (event.target instanceof Element && event.target.closest('a')) return
    if (getSelection()?.toString()) return
    ask({ call: id })
  }
  return html`<tr class="${isFresh ? 'is-fresh' : ''} ${isOpen ? 'is-open' : ''}" onClick=${pick}>
    <th scope="row" class="nowrap"><a class="row-link" href=${href('/calls', { ...place.get().query, call: id })} aria-current=${isOpen ? 'true' : undefined}><time datetime=${at} title=${fullMoment(at)}>${moment(at)}</time></a></th>
    <td class="is-who"><span class="cut">${client ?? html`<span class="quiet">Stranger</span>`}</span>${team && html`<span class="beside hide-m hide-p"><${TeamName} name=${team} /></span>`}<span class="sub show-s cut">${model}</span></td>
    <td class="hide-s"><span class="cut">${model ?? html`<span class="quiet">–</span>`}</span>${stream && html`<span class="beside hide-m hide-p">stream</span>`}</td>
    <td class="nowrap"><${Outcome} outcome=${outcome} />${seq === 1 && html`<span class="beside">correction</span>`}${refusal && html`<span class="beside hide-s hide-p">${reasonOf(refusal).title}</span>`}</td>
    <td class="num hide-m hide-p">${input ? shortCount(input) : html`<span class="quiet">–</span>`}</td>
    <td class="num hide-m hide-p">${outputTokens ? shortCount(outputTokens) : html`<span class="quiet">–</span>`}</td>
    <td class="num hide-s hide-p nowrap">${duration(latencyMs)}</td>
    <td class="num nowrap">${costUsd === 0 ? html`<span class="quiet">$0</span>` : fineUsd(costUsd)}</td>
  </tr>`
}
