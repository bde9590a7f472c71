/** The audit log. */

import type { AuditEventBody } from '../../admin/bodies.ts'
import { actions } from '../../clients/responses.ts'
import type { Command } from '../command.ts'
import { changeText, differences } from '../difference.ts'
import { table, time } from '../text.ts'
import { type Page, pageNote, queryFrom } from './pages.ts'

const filters = {
  who: { value: 'ci', about: 'the name of the token that made the change' },
  target: { value: 'client:frontend', about: 'what changed: client:…, key:…, team:…, gateway or token:…' },
  action: { value: 'client.update', values: actions, about: 'the kind of change' },
  from: { value: '2026-11-23T10:00:00Z', about: 'changed at or after this UTC day or time' },
  to: { value: '2026-11-24', about: 'changed before this UTC day or time' },
  limit: { value: '100', about: 'the most rows, up to 1000' },
  cursor: { value: 'WyJh…', about: 'the end of the previous page' },
}

export const audit: Command = {
  name: 'audit',
  about: 'List changes by administrators, newest first, with the settings before and after',
  args: [],
  options: filters,
  examples: ['audit --limit 20', 'audit --target client:frontend --from 2026-11-01'],
  async run(input, api) {
    const path = `/audit${queryFrom(input, Object.keys(filters))}`
    const response = await api.call<Page & { audit: AuditEventBody[] }>('GET', path)
    const rows = response.audit.map(({ at, who, action, target, before, after }) => [
      time(at),
      who,
      action,
      target,
      differences(before ?? {}, after ?? {})
        .map(changeText)
        .join('; '),
    ])
    const text =
      rows.length > 0 ? table(['CHANGED', 'AUTHOR', 'ACTION', 'TARGET', 'CHANGE'], rows) : 'No changes match.'
    return { response, text, ...pageNote(response) }
  },
}
