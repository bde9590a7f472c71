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

export const alerts: Command = {
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
}
