/** Refused calls: counts by client and reason, and samples. */

import type { RefusalsBody, RefusedCallBody } from '../../admin/bodies.ts'
import type { Command } from '../command.ts'
import { NONE, table, time } from '../text.ts'
import { queryFrom } from './pages.ts'
import { refusedTable } from './usage.ts'

const filters = {
  client: { value: 'frontend', about: 'name or id' },
  reason: { value: 'budget_exceeded', about: 'the error_code of the response' },
  from: {
    value: '2026-11-23T10:00:00Z',
    about: 'refused at or after this UTC day or time; 24 hours ago by default',
  },
  to: { value: '2026-11-24', about: 'refused before this UTC day or time; now by default' },
  limit: { value: '100', about: 'the most rows and the most samples, up to 1000' },
}

export const refusals: Command = {
  name: 'refusals',
  about: 'Show counts of refused calls by client and reason, and the latest samples',
  args: [],
  options: filters,
  examples: ['refusals', 'refusals --client frontend --reason rate_limited'],
  async run(input, api) {
    const response = await api.call<RefusalsBody>('GET', `/refusals${queryFrom(input, Object.keys(filters))}`)
    const { from, to, rows, latest } = response
    const parts = [
      `From ${time(from)} to before ${time(to)}, UTC`,
      ...(rows.length > 0 ? [refusedTable(rows)] : ['No refused calls.']),
      ...(latest.length > 0 ? [samples(latest)] : []),
    ]
    return { response, text: parts.join('\n\n') }
  },
}

function samples(latest: RefusedCallBody[]): string {
  const rows = latest.map(({ client, reason, sample: { at, status, model, reqId, error } }) => [
    String(at ?? NONE)
      .slice(0, 19)
      .replace('T', ' '),
    client ?? 'no client',
    String(model ?? NONE),
    String(status ?? NONE),
    String(reqId ?? NONE),
    String(error ?? reason),
  ])
  return table(['SAMPLE', 'CLIENT', 'MODEL', 'STATUS', 'ID', 'ERROR'], rows)
}
