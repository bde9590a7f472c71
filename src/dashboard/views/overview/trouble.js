/** Refusals of the last day and the newest alerts. */

import { html } from 'htm/preact'
import { Card } from '../../components/page.js'
import { Empty, Loaded } from '../../components/states.js'
import { useData } from '../../data.js'
import { ago, count } from '../../format.js'
import { href } from '../../router.js'
import { reasonOf } from '../../words.js'
import { severities } from '../alerts.js'

/** @import { Alert, Refusals } from '../../types.ts' */

export function TopRefusals() {
  const refusals = useData('/refusals?limit=5')
  return html`<${Card} title="Refused" note="last 24 hours" isFlush actions=${html`<a class="button is-small" href=${href('/refusals')}>All</a>`}>
    <${Loaded} of=${refusals}>
      ${(/** @type {Refusals} */ { rows }) =>
        rows.length === 0
          ? html`<${Empty} title="No refused calls" />`
          : html`<ul class="rows">
              ${rows.map(
                ({ client, reason, count: times }) => html`<li>
                  <a class="row" href=${href('/refusals', { reason, client: client ?? undefined })}>
                    <span>${reasonOf(reason).title}<span class="sub">${client ?? 'No client'}</span></span>
                    <span class="num">${count(times)}</span>
                  </a>
                </li>`,
              )}
            </ul>`}
    <//>
  <//>`
}

export function LatestAlerts() {
  const alerts = useData('/alerts?limit=4')
  return html`<${Card} title="Alerts" isFlush actions=${html`<a class="button is-small" href=${href('/alerts')}>All</a>`}>
    <${Loaded} of=${alerts}>
      ${(/** @type {{ alerts: Alert[] }} */ { alerts: found }) =>
        found.length === 0
          ? html`<${Empty} title="No alerts" />`
          : html`<ul class="rows">
              ${found.map(
                ({ title, severity, raisedAt }) => html`<li class="row is-alert">
                  <span class="dot is-${severities[severity].tone}" role="img" aria-label=${severities[severity].label} />
                  <span>${title}<span class="sub">${ago(raisedAt)}</span></span>
                </li>`,
              )}
            </ul>`}
    <//>
  <//>`
}
