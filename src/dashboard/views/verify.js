/** Compares the counters with the ledger, on request. */

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { api, Failure } from '../api.js'
import { Icon } from '../components/icon.js'
import { Page } from '../components/page.js'
import { Failed, Loading } from '../components/states.js'
import { count, exactTime, nanoUsd } from '../format.js'
import { scopeWords } from '../words.js'

/** @import { Verified } from '../types.ts' */

export function Verify() {
  const [result, setResult] = useState(/** @type {(Verified & { at: number }) | undefined} */ (undefined))
  const [failure, setFailure] = useState(/** @type {Failure | undefined} */ (undefined))
  const [isBusy, setBusy] = useState(false)
  const verify = async () => {
    setBusy(true)
    setFailure(undefined)
    try {
      setResult({ ...(await verified()), at: Date.now() })
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      setFailure(error)
    } finally {
      setBusy(false)
    }
  }
  return html`<${Page}
    title="Verify"
    lead="Every counter in Redis must equal the ledger in Postgres plus its pending entries, to the nano-dollar."
    actions=${html`<button type="button" class="button is-primary" aria-disabled=${isBusy} onClick=${verify}>${isBusy ? 'Comparing …' : 'Compare now'}</button>`}
  >
    ${failure && html`<${Failed} failure=${failure} retry=${verify} />`}
    ${isBusy && !result && html`<${Loading} lines=${3} />`}
    ${result && html`<${Result} result=${result} />`}
    ${!result && !failure && !isBusy && html`<div class="verdict"><${Icon} name="verify" /><div><p class="verdict-title">Not compared yet</p><p>The comparison reads every counter and the sums of this month. It changes no data and stops no call.</p></div></div>`}
  <//>`
}

/** The API answers 409 if it finds differences. That is a result and not a failure. @returns {Promise<Verified>} */
async function verified() {
  try {
    return await api('/verify')
  } catch (error) {
    if (error instanceof Failure && error.status === 409 && isVerified(error.body)) return error.body
    throw error
  }
}

/** @param {unknown} body @returns {body is Verified} */
function isVerified(body) {
  return typeof body === 'object' && body !== null && 'differences' in body
}

/** @param {{ result: Verified & { at: number } }} props */
function Result({ result: { ok, scopes, quarantined, found, differences, at } }) {
  return html`<div class="verdict ${ok ? 'is-good' : 'is-bad'}" role="status">
      <${Icon} name=${ok ? 'check' : 'warning'} />
      <div>
        <p class="verdict-title">${ok ? 'No differences' : `${count(found)} ${found === 1 ? 'counter differs' : 'counters differ'}`}</p>
        <p>${count(scopes)} clients, teams and the gateway compared at ${exactTime(at)} UTC.${quarantined > 0 ? ` ${count(quarantined)} unreadable entries lie in quarantine.` : ''}</p>
        ${!ok && html`<p>docs/operating.md explains each kind of difference. The gateway does not correct a difference.</p>`}
      </div>
    </div>
    ${
      differences.length > 0 &&
      html`<section class="card is-flush" aria-label="Differences">
        <div class="scroll" tabindex="0" role="region" aria-label="Differences">
          <table class="table">
            <thead><tr><th scope="col">Scope</th><th scope="col">Window</th><th scope="col" class="num">Counter</th><th scope="col" class="num">Ledger</th><th scope="col" class="num">Pending</th><th scope="col" class="num">Difference</th></tr></thead>
            <tbody>${differences.map(
              one =>
                html`<tr><th scope="row">${scopeWords(one.scope)}</th><td><code>${one.window}</code></td><td class="num">${nanoUsd(one.counterUsd)}</td><td class="num">${nanoUsd(one.ledgerUsd)}</td><td class="num">${nanoUsd(one.pendingUsd)}</td><td class="num strong">${nanoUsd(one.differenceUsd)}${one.limitUsd === undefined ? '' : ` over ${nanoUsd(one.limitUsd)}`}</td></tr>`,
            )}</tbody>
          </table>
        </div>
      </section>`
    }`
}
