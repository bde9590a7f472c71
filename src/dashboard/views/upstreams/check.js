/** The check of all upstreams: each is asked for its model list with each of its keys. */

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { api, Failure } from '../../api.js'
import { Badge } from '../../components/badge.js'
import { Card } from '../../components/page.js'
import { Failed } from '../../components/states.js'

/** @import { CheckedUpstreams } from '../../types.ts' */

/** @typedef {{ result: CheckedUpstreams | undefined, failure: Failure | undefined, isRunning: boolean, run: () => Promise<void> }} Check */

/** The most missing models of one upstream that are shown. */
const MISSING = 10

/** @returns {Check} */
export function useCheck() {
  const [state, setState] = useState(
    /** @type {Omit<Check, 'run'>} */ ({ result: undefined, failure: undefined, isRunning: false }),
  )
  const run = async () => {
    setState(before => ({ ...before, failure: undefined, isRunning: true }))
    try {
      const result = await api('/upstreams/check', { method: 'POST' })
      setState({ result, failure: undefined, isRunning: false })
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      setState({ result: undefined, failure: error, isRunning: false })
    }
  }
  return { ...state, run }
}

/** @param {{ of: Check }} props */
export function CheckButton({ of: { isRunning, run } }) {
  return html`<button type="button" class="button is-small" aria-disabled=${isRunning} onClick=${() => !isRunning && run()}>${isRunning ? 'Checking …' : 'Check all'}</button>`
}

/** @param {{ of: Check }} props */
export function Checked({ of: { result, failure, run } }) {
  if (failure) return html`<${Failed} failure=${failure} retry=${run} what="The check" />`
  if (!result) return null
  return html`<${Card} title="Check" note="Free requests for the model list, with each key" isFlush>
    <div class="scroll" tabindex="0" role="region" aria-label="Results of the check">
      <table class="table is-narrow">
        <thead><tr><th scope="col">Upstream</th><th scope="col">Works</th><th scope="col">Result</th></tr></thead>
        <tbody role="status">${result.upstreams.map(one => html`<${Row} key=${one.name} of=${one} />`)}</tbody>
      </table>
    </div>
  <//>`
}

/** @param {{ of: CheckedUpstreams['upstreams'][number] }} props */
function Row({ of: { name, works, detail, keys, missing } }) {
  return html`<tr>
    <th scope="row" class="nowrap">${name}</th>
    <td><${Badge} tone=${works ? 'good' : 'bad'}>${works ? 'Yes' : 'No'}<//></td>
    <td>
      <span class="break">${detail}</span>
      ${keys.length > 1 && keys.map(({ key, result, detail: words }) => html`<span class="sub break">Key ${key} ${result}: ${words}</span>`)}
      ${missing.length > 0 && html`<span class="sub break">Not in its list, which may not be complete: ${missing.slice(0, MISSING).join(', ')}${missing.length > MISSING && ` and ${missing.length - MISSING} more`}</span>`}
    </td>
  </tr>`
}
