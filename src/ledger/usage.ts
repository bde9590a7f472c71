/** What was used: sums by client, model, day and team, from the daily roll-ups; and what was refused, beside it. */

import type { Pool } from 'pg'
import { nanosToUsd } from '../money.ts'
import { outcomes, sums } from './sums.ts'

export const groups = ['client', 'model', 'day', 'team'] as const
export type Group = (typeof groups)[number]

/** UTC days, half-open. */
export interface Period {
  from: string
  to: string
}

export interface UsageSums {
  calls: number
  outcomes: Record<string, number>
  inputTokens: number
  cacheReadTokens: number
  cacheWriteTokens: number
  outputTokens: number
  costUsd: number
  savedUsd: number
}

/** One group: only the names asked for are there, and null stands for none. */
export type UsageRow = UsageSums & {
  client?: string | null
  clientId?: string | null
  model?: string | null
  day?: string
  team?: string | null
  teamId?: string | null
}

export interface Usage {
  /** The dearest first; by day where days are asked for. */
  rows: UsageRow[]
  total: UsageSums
  /** There are more groups than were asked for; the total counts them all. */
  more: boolean
}

const KEYS = { client: 'client_id', model: 'model', day: 'day', team: 'team_id' } satisfies Record<
  Group,
  string
>

/** The sums and their total are of one moment: they are one statement. */
export async function readUsage(
  pool: Pool,
  { from, to }: Period,
  by: Group[],
  limit: number,
): Promise<Usage> {
  const keys = by.map(group => KEYS[group])
  const list = keys.join(', ')
  const totals = Object.keys(sums).map(sum => `coalesce(sum(${sum}), 0) as ${sum}`)
  const { rows } = await pool.query(
    `with grouped as (
       select ${[...keys, ...totals].join(', ')}, ${keys[0] ? `grouping(${keys[0]})` : '1'} as total
       from usage_daily where day >= $1 and day < $2
       group by grouping sets (${keys.length > 0 ? `(${list}), ` : ''}())
     )
     select ${['grouped.*', ...by.map(group => NAMES[group])].join(', ')} from grouped
     order by total desc, ${by.includes('day') ? 'day, ' : ''}cost_nanos desc ${list && `, ${list}`} limit $3`,
    [from, to, limit + 2],
  )
  const [total, ...found] = rows
  return {
    rows: found.slice(0, limit).map(row => ({ ...keyOf(row, by), ...sumsOf(row) })),
    total: sumsOf(total),
    more: found.length > limit,
  }
}

/** A renamed client is one group, under its last name. */
const lastName = (of: 'client' | 'team') =>
  `(select ${of} from usage_daily u where u.${of}_id = grouped.${of}_id order by u.day desc limit 1) as ${of}`
const NAMES = {
  client: lastName('client'),
  team: lastName('team'),
  day: 'day::text as day_text',
  model: 'null as no_name',
} satisfies Record<Group, string>

function keyOf(row: Record<string, string>, by: Group[]): Partial<UsageRow> {
  return {
    ...(by.includes('day') && { day: row.day_text }),
    ...(by.includes('client') && { client: row.client || null, clientId: row.client_id || null }),
    ...(by.includes('team') && { team: row.team || null, teamId: row.team_id || null }),
    ...(by.includes('model') && { model: row.model || null }),
  }
}

function sumsOf(row: Record<string, string>): UsageSums {
  return {
    calls: Number(row.calls),
    outcomes: Object.fromEntries(
      outcomes.flatMap(outcome => (Number(row[outcome]) > 0 ? [[outcome, Number(row[outcome])]] : [])),
    ),
    inputTokens: Number(row.input_tokens),
    cacheReadTokens: Number(row.cache_read_tokens),
    cacheWriteTokens: Number(row.cache_write_tokens),
    outputTokens: Number(row.output_tokens),
    costUsd: nanosToUsd(Number(row.cost_nanos)),
    savedUsd: nanosToUsd(Number(row.saved_nanos)),
  }
}
