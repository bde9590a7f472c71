/** Circuits that are not closed, in the state of the replica that responds. Renders nothing if there are none. */

import { html } from 'htm/preact'
import { Icon } from '../../components/icon.js'
import { useData } from '../../data.js'
import { moment } from '../../format.js'
import { href } from '../../router.js'
import { circuitWords } from '../../words.js'

/** @import { Upstreams } from '../../types.ts' */

export function Circuits() {
  /** @type {import('../../data.js').Followed<Upstreams>} */
  const { data } = useData('/upstreams', { every: 5000 })
  const found = (data?.upstreams ?? []).flatMap(({ name, circuits }) =>
    circuits.map(circuit => ({ name, circuit })),
  )
  if (found.length === 0) return null
  return html`<div class="verdict is-bad" role="status">
    <${Icon} name="warning" />
    <div>
      <p class="verdict-title">An upstream or a key is set aside</p>
      <ul>
        ${found.map(
          ({ name, circuit }) => html`<li>
            <strong>${name}</strong>${circuit.key !== undefined && ` (key ${circuit.key})`} for <a href=${href('/calls', { model: circuit.model })}>${circuit.model}</a> since ${moment(circuit.since)} UTC:${' '}
            ${circuit.reason}. ${circuitWords(circuit)}
          </li>`,
        )}
      </ul>
      <p>If it refuses the key, check the key and the balance at the provider. <a href=${href('/upstreams')}>All upstreams</a>. Each replica has its own state; this is the state of the replica that answered.</p>
    </div>
  </div>`
}
