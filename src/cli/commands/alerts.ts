/** What was raised, and whether it was delivered. */

import type { Command } from '../command.ts'
import { table, time } from '../text.ts'
import { type Page, pageNote, pageOptions, queryFrom } from './pages.ts'

/** Advice by kind of alert, for alerts whose title does not give it. */
const advice: Record<string, string> = {
  output_rate_exceeded:
    'an upstream generates faster than the price table says; raise maxOutputTokensPerSecond of the model in PRICES_FILE.',
}

interface AlertAnswer {
  kind: string
  raisedAt: string
  severity: string
  scope: string
  title: string
  delivery: string
  lastError?: string | null
}

interface TestAnswer {
  delivered: boolean
  status: number | null
  error: string | null
}

const options = {
  kind: { value: 'budget_threshold', about: 'the rule that found it' },
  severity: { value: 'critical', about: 'info, warning or critical' },
  delivery: { value: 'waiting', about: 'delivered, waiting or no_webhook' },
  client: { value: 'frontend', about: 'the name of a client' },
  scope: { value: 'team:web', about: 'what the alert is about: client:…, team:…, gateway, upstream:…' },
  from: { value: '2026-11-23', about: 'raised then or later: a UTC day or a time' },
  to: { value: '2026-11-24', about: 'raised before' },
  ...pageOptions,
}

export const alerts: Command[] = [
  {
    name: 'alerts',
    about: 'Alerts, the newest first, and whether they were delivered',
    args: [],
    options,
    examples: ['alerts --limit 20', 'alerts --client frontend --severity critical'],
    async run(input, api) {
      const answer = await api.call<Page & { alerts: AlertAnswer[] }>(
        'GET',
        `/alerts${queryFrom(input, Object.keys(options))}`,
      )
      const rows = answer.alerts.map(({ raisedAt, severity, kind, scope, title, delivery, lastError }) => [
        time(raisedAt),
        severity,
        kind,
        scope,
        delivery === 'waiting' && lastError ? `waiting (${lastError})` : delivery,
        title,
      ])
      const text =
        rows.length > 0
          ? table(['RAISED', 'SEVERITY', 'KIND', 'SCOPE', 'DELIVERY', 'WHAT'], rows)
          : 'No such alert was raised.'
      const kinds = [...new Set(answer.alerts.map(({ kind }) => kind))]
      const advised = kinds.flatMap(kind => (advice[kind] ? [`${kind}: ${advice[kind]}`] : []))
      return { answer, shown: { text: [text, ...advised].join('\n\n'), ...pageNote(answer) } }
    },
  },
  {
    name: 'alerts test',
    about: 'Send one test alert to ALERT_WEBHOOK_URL, and print what the webhook answered',
    args: [],
    options: {},
    examples: ['alerts test'],
    async run(_input, api) {
      const answer = await api.call<TestAnswer>('POST', '/alerts/test')
      const { delivered, status, error } = answer
      if (delivered)
        return { answer, shown: { text: `The webhook accepted the test alert: it answered ${status}.` } }
      const text =
        `The test alert was not delivered: ${error}. Expected an answer from 200 to 299. ` +
        'Check ALERT_WEBHOOK_URL where the gateway runs, and the log of the receiver.'
      return { answer, shown: { text }, exitCode: 1 }
    },
  },
]
