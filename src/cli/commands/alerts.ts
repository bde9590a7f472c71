/** What was raised, and whether it was delivered. */

import type { Command } from '../command.ts'
import { table, time } from '../text.ts'
import { type Page, pageFrom, pageNote, pageOptions } from './pages.ts'

interface AlertAnswer {
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
  options: { ...pageOptions, cursor: { value: '1234', about: 'where the page before ended' } },
  examples: ['alerts --limit 20'],
  async run(input, api) {
    const answer = await api.call<Page & { alerts: AlertAnswer[] }>('GET', `/alerts${pageFrom(input)}`)
    const rows = answer.alerts.map(({ raisedAt, severity, scope, title, delivery, lastError }) => [
      time(raisedAt),
      severity,
      scope,
      delivery === 'waiting' && lastError ? `waiting (${lastError})` : delivery,
      title,
    ])
    const text =
      rows.length > 0
        ? table(['RAISED', 'SEVERITY', 'SCOPE', 'DELIVERY', 'WHAT'], rows)
        : 'Nothing was raised yet.'
    return { answer, shown: { text, ...pageNote(answer) } }
  },
}
