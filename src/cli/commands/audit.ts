/** Who changed what. */

import type { Command } from '../command.ts'
import { differences, tell } from '../difference.ts'
import { table, time } from '../text.ts'
import { type Page, pageNote, queryFrom } from './pages.ts'

interface AuditEventAnswer {
  at: string
  who: string
  action: string
  target: string
  before: object | null
  after: object | null
}

const filters = {
  who: { value: 'ci', about: 'the name of a token' },
  target: { value: 'client:frontend', about: 'what was changed; also key:…, team:…, gateway, token:…' },
  action: { value: 'client.update', about: 'what was done' },
  from: { value: '2026-11-23T10:00:00Z', about: 'then or later: a UTC day or a time' },
  to: { value: '2026-11-24', about: 'before' },
  limit: { value: '100', about: 'rows at most, up to 1000' },
  cursor: { value: 'WyJh…', about: 'where the page before ended' },
}

export const audit: Command = {
  name: 'audit',
  about: 'Who changed what, the newest first, with each setting before and after',
  args: [],
  options: filters,
  examples: ['audit --limit 20', 'audit --target client:frontend --from 2026-11-01'],
  async run(input, api) {
    const path = `/audit${queryFrom(input, Object.keys(filters))}`
    const answer = await api.call<Page & { audit: AuditEventAnswer[] }>('GET', path)
    const rows = answer.audit.map(({ at, who, action, target, before, after }) => [
      time(at),
      who,
      action,
      target,
      differences(before ?? {}, after ?? {})
        .map(tell)
        .join('; '),
    ])
    const text =
      rows.length > 0
        ? table(['CHANGED', 'WHO', 'ACTION', 'TARGET', 'WHAT'], rows)
        : 'There is no such change.'
    return { answer, shown: { text, ...pageNote(answer) } }
  },
}
