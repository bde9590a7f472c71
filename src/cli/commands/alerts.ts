/** What was raised, and whether it was delivered. */

import type { Command } from '../command.ts'
import { table, time } from '../text.ts'
import { type Page, pageFrom, pageNote, pageOptions } from './pages.ts'

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

export const alerts: Command[] = [
  {
    name: 'alerts',
    about: 'What was raised, the newest first, and whether it was delivered',
    args: [],
    options: pageOptions,
    examples: ['alerts --limit 20'],
    async run(input, api) {
      const answer = await api.call<Page & { alerts: AlertAnswer[] }>('GET', `/alerts${pageFrom(input)}`)
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
          : 'Nothing was raised yet.'
      const kinds = [...new Set(answer.alerts.map(({ kind }) => kind))]
      const advised = kinds.flatMap(kind => (advice[kind] ? [`${kind}: ${advice[kind]}`] : []))
      return { answer, shown: { text: [text, ...advised].join('\n\n'), ...pageNote(answer) } }
    },
  },
  {
    name: 'alerts test',
    about: 'Send one test alert to ALERT_WEBHOOK_URL, and say whether the webhook took it',
    args: [],
    options: {},
    examples: ['alerts test'],
    async run(_input, api) {
      const answer = await api.call<TestAnswer>('POST', '/alerts/test')
      const { delivered, status, error } = answer
      if (delivered)
        return { answer, shown: { text: `The webhook took the test alert: it answered ${status}.` } }
      const text =
        `The test alert was not delivered: ${error}. Expected an answer from 200 to 299. ` +
        'Check ALERT_WEBHOOK_URL where the gateway runs, and the log of the receiver.'
      return { answer, shown: { text }, exitCode: 1 }
    },
  },
]
