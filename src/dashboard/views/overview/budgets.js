/** Every budget there is, the fullest first. */

import { html } from 'htm/preact'
import { Meter } from '../../components/meter.js'
import { Card } from '../../components/page.js'
import { Empty, Loaded } from '../../components/states.js'
import { useData } from '../../data.js'
import { limitUsd, percent, until, usd } from '../../format.js'
import { clientHref, href } from '../../router.js'

/** @import { Client, Gateway, Standing, Team } from '../../types.ts' */

const SHOWN = 10
const EVERY = 10_000

/** @typedef {{ name: string, kind: string, address: string, window: string, used: number, held: number, limit: number, resetsAt: string, share: number }} Budget */

export function Budgets() {
  /** @type {import('../../data.js').Followed<{ clients: Client[] }>} */
  const clients = useData('/clients?state=true&limit=500', { every: EVERY })
  /** @type {import('../../data.js').Followed<{ teams: Team[] }>} */
  const teams = useData('/teams?state=true&limit=500', { every: EVERY })
  /** @type {import('../../data.js').Followed<Gateway>} */
  const gateway = useData('/gateway', { every: EVERY })
  const data = clients.data &&
    teams.data &&
    gateway.data && [
      ...budgetsOf('gateway', 'Whole gateway', href('/limits'), gateway.data.state),
      ...teams.data.teams.flatMap(({ name, state }) => budgetsOf('team', name, href('/limits'), state)),
      ...clients.data.clients.flatMap(({ name, state }) =>
        budgetsOf('client', name, clientHref(name), state),
      ),
    ]
  const failure = clients.failure ?? teams.failure ?? gateway.failure
  const reload = async () => void (await Promise.all([clients.reload(), teams.reload(), gateway.reload()]))
  return html`<${Card} title="Budgets" note="the fullest first" isFlush actions=${html`<a class="button is-small" href=${href('/limits')}>All limits</a>`}>
    <${Loaded} of=${{ data, failure, reload }} lines=${6}>
      ${(/** @type {Budget[]} */ budgets) =>
        budgets.length === 0
          ? html`<${Empty} title="No budgets yet">Without one, nothing bounds what a client spends. <a href=${href('/limits')}>Set one for the whole gateway</a>, or for a client.<//>`
          : html`<${Table} budgets=${budgets.sort((a, b) => b.share - a.share).slice(0, SHOWN)} />`}
    <//>
  <//>`
}

/** @param {{ budgets: Budget[] }} props */
function Table({ budgets }) {
  return html`<table class="table">
    <thead><tr><th scope="col">Whose</th><th scope="col" class="wide">Spent</th><th scope="col" class="num">Left</th><th scope="col" class="num hide-s">Resets in</th></tr></thead>
    <tbody>
      ${budgets.map(
        ({ name, kind, address, window, used, held, limit, resetsAt, share }) => html`<tr>
          <th scope="row"><a href=${address}>${name}</a><span class="sub">${kind === 'gateway' ? '' : `${kind}, `}a ${window}</span></th>
          <td>
            <span class="budget-cell">
              <span>${usd(used)} <span class="quiet">of ${limitUsd(limit)}</span><span class="budget-share">${percent(share)}</span></span>
              <${Meter} used=${used} held=${held} limit=${limit} label="Budget of ${name} a ${window}" />
            </span>
          </td>
          <td class="num">${usd(Math.max(0, limit - used - held))}</td>
          <td class="num hide-s quiet">${until(resetsAt)}</td>
        </tr>`,
      )}
    </tbody>
  </table>`
}

/** @param {string} kind @param {string} name @param {string} address @param {Standing | null | undefined} state @returns {Budget[]} */
function budgetsOf(kind, name, address, state) {
  return /** @type {const} */ (['day', 'month']).flatMap(window => {
    const money = state?.[window]
    if (money?.limitUsd === undefined) return []
    const { limitUsd: limit, spentUsd: used, heldUsd: held, resetsAt } = money
    return [{ name, kind, address, window, used, held, limit, resetsAt, share: limit > 0 ? used / limit : 1 }]
  })
}
