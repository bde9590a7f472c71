/** Alerts and their delivery. */

import type { AlertBody, TestAlertBody } from '../../admin/bodies.ts'
import { deliveries, severities } from '../../alerts/alert.ts'
import type { Command } from '../command.ts'
import { table, time } from '../text.ts'
import { type Page, pageNote, pageOptions, queryFrom } from './pages.ts'

/** Advice by kind of alert, if the title gives none. */
const advice: Record<string, string> = {
  output_rate_exceeded:
    'an upstream generates faster than the price table states; raise maxOutputTokensPerSecond of the model in PRICES_FILE.',
}

const options = {
  kind: { value: 'budget_threshold', about: 'the rule that raised it' },
  severity: { values: severities, about: 'how serious it is' },
  delivery: { values: deliveries, about: 'whether the webhook received it' },
  client: { value: 'frontend', about: 'the name of a client' },
  scope: { value: 'team:web', about: 'the subject: client:…, team:…, gateway or upstream:…' },
  from: { value: '2026-11-23', about: 'raised at or after this UTC day or time' },
  to: { value: '2026-11-24', about: 'raised before this UTC day or time' },
  ...pageOptions,
}

export const alerts: Command[] = [
  {
    name: 'alerts',
    about: 'List alerts and their delivery, newest first',
    args: [],
    options,
    examples: ['alerts --limit 20', 'alerts --client frontend --severity critical'],
    async run(input, api) {
      const response = await api.call<Page & { alerts: AlertBody[] }>(
        'GET',
        `/alerts${queryFrom(input, Object.keys(options))}`,
      )
      const rows = response.alerts.map(({ raisedAt, severity, kind, scope, title, delivery, lastError }) => [
        time(raisedAt),
        severity,
        kind,
        scope,
        delivery === 'waiting' && lastError ? `waiting (${lastError})` : delivery,
        title,
      ])
      const text =
        rows.length > 0
          ? table(['RAISED', 'SEVERITY', 'KIND', 'SCOPE', 'DELIVERY', 'TITLE'], rows)
          : 'No alerts match.'
      const kinds = [...new Set(response.alerts.map(({ kind }) => kind))]
      const advised = kinds.flatMap(kind => (advice[kind] ? [`${kind}: ${advice[kind]}`] : []))
      return { response, text: [text, ...advised].join('\n\n'), ...pageNote(response) }
    },
  },
  {
    name: 'alerts test',
    about: 'Send one test alert to ALERT_WEBHOOK_URL and print the response of the webhook',
    args: [],
    options: {},
    examples: ['alerts test'],
    async run(_input, api) {
      const response = await api.call<TestAlertBody>('POST', '/alerts/test')
      const { delivered, status, error } = response
      if (delivered)
        return { response, text: `The webhook accepted the test alert and responded with ${status}.` }
      const text =
        `The test alert was not delivered: ${error}. Expected a status from 200 to 299. ` +
        'Check ALERT_WEBHOOK_URL where the gateway runs, and the log of the receiver.'
      return { response, text, exitCode: 1 }
    },
  },
]
