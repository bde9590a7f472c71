/** What was used and what it cost. */

import { groups, type Usage, type UsageRow, type UsageSums } from '../../ledger/usage.ts'
import { type Command, textOf } from '../command.ts'
import { count, NONE, table, time, usd } from '../text.ts'
import { queryFrom } from './pages.ts'

export interface Refusal {
  client: string | null
  reason: string
  scope: string | null
  count: number
  lastAt: string
}

type UsageAnswer = Usage & { from: string; to: string; by: string[]; refusals: Refusal[] }

export const usage: Command = {
  name: 'usage',
  about: 'Calls, tokens, cost and savings, summed; and what was refused',
  args: [],
  options: {
    by: { value: groups.join(','), about: 'what to group by; the total alone if left out' },
    from: { value: '2026-11-01', about: 'the first UTC day; this month if left out' },
    to: { value: '2026-12-01', about: 'the day after the last' },
    limit: { value: '1000', about: 'groups at most, up to 10000' },
  },
  examples: [
    'usage --by client',
    'usage --by hour --from 2026-11-01',
    'usage --by day,model --from 2026-11-01 --to 2026-11-08',
  ],
  async run(input, api) {
    const answer = await api.call<UsageAnswer>(
      'GET',
      `/usage${queryFrom(input, ['by', 'from', 'to', 'limit'])}`,
    )
    const { by, rows, total, more, refusals } = answer
    const head = ['CALLS', 'INPUT', 'CACHE READ', 'CACHE WRITE', 'OUTPUT', 'COST', 'SAVED']
    const lines = [
      ...rows.map(row => [...by.map(group => named(row, group)), ...sums(row)]),
      [...by.map((_, i) => (i === 0 ? 'total' : '')), ...sums(total)],
    ]
    const parts = [
      `From ${answer.from} to before ${answer.to}, UTC`,
      table([...by.map(group => group.toUpperCase()), ...head], lines),
      ...(refusals.length > 0 ? [refusedTable(refusals)] : []),
    ]
    return {
      answer,
      shown: {
        text: parts.join('\n\n'),
        ...(more && { note: `There are more groups than --limit ${textOf(input, 'limit') ?? 1000}.` }),
      },
    }
  },
}

function named(row: UsageRow, group: string): string {
  const names: Record<string, string | null | undefined> = {
    client: row.client,
    model: row.model,
    day: row.day,
    hour: time(row.hour),
    team: row.team,
  }
  return names[group] ?? NONE
}

function sums(sums: UsageSums): string[] {
  const { calls, inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens, costUsd, savedUsd } = sums
  return [
    ...[calls, inputTokens, cacheReadTokens, cacheWriteTokens, outputTokens].map(count),
    usd(costUsd),
    usd(savedUsd),
  ]
}

export function refusedTable(refusals: Refusal[]): string {
  const rows = refusals.map(({ client, reason, scope, count: times, lastAt }) => [
    client ?? 'no client',
    reason,
    scope ?? NONE,
    count(times),
    time(lastAt),
  ])
  return table(['REFUSED', 'REASON', 'SCOPE', 'COUNT', 'LAST'], rows)
}
