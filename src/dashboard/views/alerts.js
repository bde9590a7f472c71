/** Alerts and their delivery. */

import { html } from 'htm/preact'
import { useState } from 'preact/hooks'
import { api, Failure, question } from '../api.js'
import { Badge } from '../components/badge.js'
import { allRows, DownloadCsv } from '../components/csv.js'
import { Select } from '../components/field.js'
import { PickFilter } from '../components/filter.js'
import { ScopeName } from '../components/names.js'
import { Page } from '../components/page.js'
import { useClients } from '../components/picker.js'
import { Empty, Loaded } from '../components/states.js'
import { showToast } from '../components/toast.js'
import { useData } from '../data.js'
import { ago, daysAgo, fullMoment, moment } from '../format.js'
import { ask, href } from '../router.js'
import { mayChange } from '../session.js'
import { alertKinds, scopeWords } from '../words.js'
import { detailLabel, shownDetail } from './alerts/details.js'

/** @import { Alert, Place } from '../types.ts' */
/** @import { Tone } from '../words.js' */

/** @type {Record<Alert['severity'], { label: string, tone: Tone }>} */
export const severities = {
  critical: { label: 'Critical', tone: 'bad' },
  warning: { label: 'Warning', tone: 'warn' },
  info: { label: 'Info', tone: 'calm' },
}

/** @type {Record<Alert['delivery'], string>} */
const deliveries = { delivered: 'Delivered', waiting: 'Not delivered yet', no_webhook: 'No webhook' }

/** @type {Record<string, [days: number, label: string]>} */
const periods = { today: [0, 'Today'], '7d': [6, 'Last 7 days'], '30d': [29, 'Last 30 days'] }

const PAGE = 50

/** @type {[string, (alert: Alert) => string | number | null][]} */
const csvColumns = [
  ['raisedAt', ({ raisedAt }) => raisedAt],
  ['severity', ({ severity }) => severity],
  ['kind', ({ kind }) => kind],
  ['scope', ({ scope }) => scope],
  ['title', ({ title }) => title],
  ['delivery', ({ delivery }) => delivery],
  ['deliveredAt', ({ deliveredAt }) => deliveredAt],
]

/** @param {{ place: Place }} props */
export function Alerts({ place: { query } }) {
  const { kind, severity, delivery, client, scope, period = '', before } = query
  const days = periods[period]?.[0]
  const from = days === undefined ? query.from : daysAgo(days)
  const filter = { kind, severity, delivery, client, scope, from, to: query.to }
  const alerts = useData(question('/alerts', { ...filter, cursor: before, limit: String(PAGE) }))
  const isFiltered = Object.values(filter).some(Boolean)
  const pick = (/** @type {string} */ name) => (/** @type {string} */ value) =>
    ask({ [name]: value, before: undefined })
  const kinds = Object.entries(alertKinds).map(
    ([name, { label }]) => /** @type {[string, string]} */ ([name, label]),
  )
  return html`<${Page} title="Alerts" lead="The gateway raises each alert once per window." actions=${html`${mayChange() && html`<${SendTest} />`}<${DownloadCsv} name="alerts" columns=${csvColumns} rows=${() => allRows('/alerts', filter, 'alerts')} />`}>
    <div class="filters" role="search" aria-label="Filter alerts">
      <${Select} isCompact label="Kind" value=${kind ?? ''} options=${[['', 'All kinds'], ...kinds, ...(kind && !alertKinds[kind] ? [[kind, kind]] : [])]} onPick=${pick('kind')} />
      <${Select} isCompact label="Severity" value=${severity ?? ''} options=${[['', 'Any severity'], ...Object.entries(severities).map(([name, { label }]) => [name, label])]} onPick=${pick('severity')} />
      <${Select} isCompact label="Delivery" value=${delivery ?? ''} options=${[['', 'Delivered or not'], ...Object.entries(deliveries)]} onPick=${pick('delivery')} />
      <${Select} isCompact label="Period" value=${period} options=${[['', 'Any time'], ...Object.entries(periods).map(([name, [, label]]) => [name, label])]} onPick=${(/** @type {string} */ value) => ask({ period: value, from: undefined, to: undefined, before: undefined })} />
      <${PickFilter} label="Client" name="client" value=${client ?? ''} useSuggestions=${useClients} onPick=${pick('client')} />
      ${scope && html`<span class="chip">${scopeWords(scope)}</span>`}
      ${isFiltered && html`<a class="button is-ghost is-small" href=${href('/alerts')}>Clear</a>`}
    </div>
    <section class="card is-flush" aria-label="Alerts">
      <${Loaded} of=${alerts} lines=${8} what="Alerts">
        ${(/** @type {{ alerts: Alert[], next?: string }} */ { alerts: found, next }) => html`
          ${found.length === 0 ? html`<${Nothing} isFiltered=${isFiltered} />` : html`<${Table} alerts=${found} />`}
          ${
            (next || before) &&
            html`<nav class="more" aria-label="Pages">
              ${before && html`<a class="button" href=${href('/alerts', { ...query, before: undefined })}>Newest</a>`}
              ${next && html`<a class="button" href=${href('/alerts', { ...query, before: next })}>Older alerts</a>`}
            </nav>`
          }`}
      <//>
    </section>
  <//>`
}

/** Sends one test alert to the webhook, and shows the result. */
function SendTest() {
  const [isBusy, setBusy] = useState(false)
  const send = async () => {
    setBusy(true)
    try {
      /** @type {{ delivered: boolean, error?: string }} */
      const { delivered, error } = await api('/alerts/test', { method: 'POST' })
      showToast(
        delivered ? 'The webhook accepted the test alert.' : `The test alert was not delivered: ${error}`,
        {
          isFailure: !delivered,
        },
      )
    } catch (error) {
      if (!(error instanceof Failure)) throw error
      showToast(`The test alert was not sent. ${error.message}`, { isFailure: true })
    } finally {
      setBusy(false)
    }
  }
  return html`<button type="button" class="button is-small" disabled=${isBusy} onClick=${send}>Send a test alert</button>`
}

/** @param {{ isFiltered: boolean }} props */
function Nothing({ isFiltered }) {
  if (isFiltered)
    return html`<${Empty} title="No matching alerts"><a href=${href('/alerts')}>Clear the filters</a><//>`
  return html`<${Empty} title="No alerts">
    The gateway raises an alert at 50, 80 and 100 % of a budget, if the spend would exhaust a budget early, if a loop brake
    applies, if a provider refuses the gateway or generates faster than the price table states, and if the ledger is behind.
  <//>`
}

/** @param {{ alerts: Alert[] }} props */
function Table({ alerts }) {
  return html`<table class="table">
    <thead><tr><th scope="col">Alert</th><th scope="col" class="hide-s">Scope</th><th scope="col" class="hide-s">Delivered</th><th scope="col" class="num">Raised</th></tr></thead>
    <tbody>${alerts.map(alert => html`<${Row} key=${alert.id} alert=${alert} />`)}</tbody>
  </table>`
}

/** @param {{ alert: Alert }} props */
function Row({ alert: { kind, title, severity, scope, raisedAt, details, ...delivery } }) {
  const { label, tone } = severities[severity]
  const { meaning, toDo } = alertKinds[kind] ?? {}
  return html`<tr>
    <th scope="row"><span class="with-badge"><${Badge} tone=${tone}>${label}<//><span>
      ${title}${meaning && html`<span class="sub">${meaning} ${toDo}</span>`}
      <span class="sub"><${Details} details=${details} /></span>
      <span class="sub show-s">${scopeWords(scope)} · <${Delivery} ...${delivery} /></span>
    </span></span></th>
    <td class="hide-s nowrap"><${ScopeName} scope=${scope} /></td>
    <td class="hide-s nowrap"><${Delivery} ...${delivery} /></td>
    <td class="num nowrap"><time datetime=${raisedAt} title=${fullMoment(raisedAt)}>${moment(raisedAt)}</time></td>
  </tr>`
}

/** The details of an alert, each in the format of its kind. @param {{ details: Alert['details'] }} props */
function Details({ details }) {
  return Object.entries(details).map(
    ([name, value], i) =>
      html`${i > 0 && ' · '}<span class="detail">${detailLabel(name)} ${name === 'reqId' ? html`<a href=${href('/calls', { call: String(value) })}>${value}</a>` : shownDetail(name, value)}</span>`,
  )
}

/** @param {Pick<Alert, 'delivery' | 'deliveredAt' | 'attempts' | 'lastError'>} props */
function Delivery({ delivery, deliveredAt, attempts, lastError }) {
  if (delivery === 'delivered')
    return html`<span title=${deliveredAt ? fullMoment(deliveredAt) : ''}>${deliveredAt ? ago(deliveredAt) : 'yes'}</span>`
  if (delivery === 'no_webhook')
    return html`<span class="quiet" title="Set ALERT_WEBHOOK_URL to receive alerts">No webhook</span>`
  return html`<span class="text-warn" title=${lastError ?? ''}>${attempts === 0 ? 'Pending' : `Failed ${attempts} times, retrying`}</span>`
}
