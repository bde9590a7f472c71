/** What was raised, and whether somebody was told. */

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { Badge } from '../components/badge.js'
import { ScopeName } from '../components/names.js'
import { Page } from '../components/page.js'
import { Empty, Loaded } from '../components/states.js'
import { useData } from '../data.js'
import { ago, fullMoment, moment } from '../format.js'
import { alertKinds } from '../words.js'

/** @import { Alert } from '../types.ts' */
/** @import { Tone } from '../words.js' */

/** @type {Record<Alert['severity'], { label: string, tone: Tone }>} */
export const severities = {
  critical: { label: 'Critical', tone: 'bad' },
  warning: { label: 'Warning', tone: 'warn' },
  info: { label: 'Info', tone: 'calm' },
}

const PAGE = 50

export function Alerts() {
  const [shown, setShown] = useState(PAGE)
  const alerts = useData(`/alerts?limit=${shown}`)
  return html`<${Page} title="Alerts" lead="Raised once for each window they are true in, whatever the number of replicas.">
    <section class="card is-flush" aria-label="Alerts">
      <${Loaded} of=${alerts} lines=${6}>
        ${(/** @type {{ alerts: Alert[], next?: string }} */ { alerts: found, next }) =>
          found.length === 0
            ? html`<${Empty} title="No alerts">
                Raised at 50, 80 and 100 % of a budget, at a pace that would spend it early, when a loop brake closes, when a
                provider refuses the gateway or generates faster than the price table says, and when the ledger falls behind.
              <//>`
            : html`<table class="table">
                  <thead><tr><th scope="col">Alert</th><th scope="col" class="hide-s">About</th><th scope="col" class="hide-s">Delivered</th><th scope="col" class="num">Raised</th></tr></thead>
                  <tbody>${found.map(alert => html`<${Row} key=${alert.id} alert=${alert} />`)}</tbody>
                </table>
                ${next && shown < 1000 && html`<div class="more"><button type="button" class="button" onClick=${() => setShown(shown + PAGE)}>Show more</button></div>`}`}
      <//>
    </section>
  <//>`
}

/** @param {{ alert: Alert }} props */
function Row({ alert: { kind, title, severity, scope, raisedAt, details, ...delivery } }) {
  const { label, tone } = severities[severity]
  const advice = alertKinds[kind]
  return html`<tr>
    <th scope="row"><span class="with-badge"><${Badge} tone=${tone}>${label}<//><span>${title}${advice && html`<span class="sub">${advice.meaning} ${advice.toDo}</span>`}</span></span></th>
    <td class="hide-s nowrap"><${ScopeName} scope=${scope} /></td>
    <td class="hide-s nowrap"><${Delivery} ...${delivery} /></td>
    <td class="num nowrap"><time datetime=${raisedAt} title=${fullMoment(raisedAt)}>${moment(raisedAt)}</time></td>
  </tr>`
}

/** @param {Pick<Alert, 'delivery' | 'deliveredAt' | 'attempts' | 'lastError'>} props */
function Delivery({ delivery, deliveredAt, attempts, lastError }) {
  if (delivery === 'delivered')
    return html`<span title=${deliveredAt ? fullMoment(deliveredAt) : ''}>${deliveredAt ? ago(deliveredAt) : 'yes'}</span>`
  if (delivery === 'no_webhook')
    return html`<span class="quiet" title="Set ALERT_WEBHOOK_URL to be told">No webhook is set</span>`
  return html`<span class="text-warn" title=${lastError ?? ''}>${attempts === 0 ? 'About to be' : `Failed ${attempts} times, tried again`}</span>`
}
