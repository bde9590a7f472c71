/** One row for each upstream: health, keys, load and models. */

import { html } from 'htm/preact'
import { Badge } from '../../components/badge.js'
import { count, milliseconds } from '../../format.js'
import { href } from '../../router.js'
import { healths } from '../../words.js'

/** @import { Upstream } from '../../types.ts' */

/** @param {{ upstreams: Upstream[] }} props */
export function UpstreamsTable({ upstreams }) {
  return html`<div class="scroll" tabindex="0" role="region" aria-label="List of upstreams">
    <table class="table">
      <thead>
        <tr>
          <th scope="col">Name</th>
          <th scope="col">Health</th>
          <th scope="col">Keys</th>
          <th scope="col" class="num">Running</th>
          <th scope="col" class="num">First byte</th>
          <th scope="col">Models</th>
          <th scope="col">Formats</th>
        </tr>
      </thead>
      <tbody>${upstreams.map(upstream => html`<${Row} key=${upstream.name} upstream=${upstream} />`)}</tbody>
    </table>
  </div>`
}

/** @param {{ upstream: Upstream }} props */
function Row({ upstream }) {
  const { name, title, address, health, keys, keysSetAside, running, concurrency, firstByteMs } = upstream
  const { label, tone, meaning } = healths[health]
  return html`<tr>
    <th scope="row">
      <a class="row-link" href=${href('/performance', { by: 'upstream' })}>${name}</a>
      <span class="sub">${title}</span><span class="sub break">${address}</span>
    </th>
    <td><${Badge} tone=${tone} title=${meaning}>${label}<//></td>
    <td class="nowrap">${keys === 0 ? html`<span class="quiet">None needed</span>` : count(keys)}${keysSetAside > 0 && html`<span class="sub text-warn">${count(keysSetAside)} set aside</span>`}</td>
    <td class="num nowrap">${count(running)}${concurrency !== null && html` <span class="quiet">of ${count(concurrency)}</span>`}</td>
    <td class="num nowrap">${milliseconds(firstByteMs ?? undefined)}</td>
    <td><${Models} of=${upstream} /></td>
    <td>${upstream.dialects.map(dialect => html`<span class="sub">${dialect}</span>`)}</td>
  </tr>`
}

/** @param {{ of: Upstream }} props */
function Models({ of: { name, models } }) {
  if (models === null) return html`<span class="quiet">All of its type</span>`
  const pairs = Object.entries(models)
  return html`<details>
    <summary aria-label="${count(pairs.length)} mapped models of ${name}">${count(pairs.length)} mapped</summary>
    ${pairs.map(([ours, theirs]) => html`<span class="sub break">${ours} → ${theirs}</span>`)}
  </details>`
}
