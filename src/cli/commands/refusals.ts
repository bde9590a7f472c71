/** Refused calls: counts by client and reason, and samples. */

import type { Command } from '../command.ts'
import { NONE, table, time } from '../text.ts'
import { queryFrom } from './pages.ts'
import { type Refusal, refusedTable } from './usage.ts'

/** A refused call that was stored as a sample. */
export interface RefusedCall {
  client: string | null
  reason: string
  scope: string | null
  sample: Record<string, string | number>
}

interface RefusalsAnswer {
  from: string
  to: string
  rows: Refusal[]
  latest: RefusedCall[]
}

const filters = {
  client: { value: 'frontend', about: 'name or id' },
  reason: { value: 'budget_exceeded', about: 'the error_code that the caller got' },
  from: {
    value: '2026-11-23T10:00:00Z',
    about: 'then or later: a UTC day or a time; 24 hours ago by default',
  },
  to: { value: '2026-11-24', about: 'before; now by default' },
  limit: { value: '100', about: 'how many rows and samples to list, up to 1000' },
}

export const refusals: Command = {
  name: 'refusals',
  about: 'Refused calls: counts by client and reason, and the latest samples',
  args: [],
  options: filters,
  examples: ['refusals', 'refusals --client frontend --reason rate_limited'],
  async run(input, api) {
    const answer = await api.call<RefusalsAnswer>('GET', `/refusals${queryFrom(input, Object.keys(filters))}`)
    const { from, to, rows, latest } = answer
    const parts = [
      `From ${time(from)} to before ${time(to)}, UTC`,
      ...(rows.length > 0 ? [refusedTable(rows)] : ['Nothing was refused.']),
      ...(latest.length > 0 ? [samples(latest)] : []),
    ]
    return { answer, shown: { text: parts.join('\n\n') } }
  },
}

function samples(latest: RefusedCall[]): string {
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
  return table(['SAMPLE', 'CLIENT', 'MODEL', 'STATUS', 'ID', 'WHY'], rows)
}
