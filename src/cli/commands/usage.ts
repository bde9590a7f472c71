/** Usage and cost. */

import type { UsageBody } from '../../admin/bodies.ts'
import { groups } from '../../ledger/responses.ts'
import type { UsageRow, UsageSums } from '../../ledger/usage.ts'
import { type Command, textOf } from '../command.ts'
import { count, NONE, table, time, usd } from '../text.ts'
import { queryFrom } from './pages.ts'

export const usage: Command = {
  name: 'usage',
  about: 'Show sums of calls, tokens, cost and savings, and refusals',
  args: [],
  options: {
    by: { values: groups, isList: true, about: 'group rows; only the total by default' },
    from: { value: '2026-11-01', about: 'the first UTC day; the first of this month by default' },
    to: { value: '2026-12-01', about: 'the day after the last; the first of next month by default' },
    limit: { value: '1000', about: 'the most groups, up to 10000' },
  },
  examples: [
    'usage --by client',
    'usage --by hour --from 2026-11-01',
    'usage --by day,model --from 2026-11-01 --to 2026-11-08',
  ],
  async run(input, api) {
    const response = await api.call<UsageBody>(
      'GET',
      `/usage${queryFrom(input, ['by', 'from', 'to', 'limit'])}`,
    )
    const { by, rows, total, more, refusals } = response
    const head = ['CALLS', 'INPUT', 'CACHE READ', 'CACHE WRITE', 'OUTPUT', 'COST', 'SAVED']
    const lines = [
      ...rows.map(row => [...by.map(group => groupText(row, group)), ...sums(row)]),
      [...by.map((_, i) => (i === 0 ? 'total' : '')), ...sums(total)],
    ]
    const parts = [
      `From ${response.from} to before ${response.to}, UTC`,
      table([...by.map(group => group.toUpperCase()), ...head], lines),
      ...(refusals.length > 0 ? [refusedTable(refusals)] : []),
    ]
    return {
      response,
      text: parts.join('\n\n'),
      ...(more && { note: `There are more groups than --limit ${textOf(input, 'limit') ?? 1000}.` }),
    }
  },
}

function groupText(row: UsageRow, group: string): string {
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

export function refusedTable(refusals: UsageBody['refusals'][number][]): string {
  const rows = refusals.map(({ client, reason, scope, count: times, lastAt }) => [
    client ?? 'no client',
    reason,
    scope ?? NONE,
    count(times),
    time(lastAt),
  ])
  return table(['REFUSED', 'REASON', 'SCOPE', 'COUNT', 'LAST'], rows)
}
