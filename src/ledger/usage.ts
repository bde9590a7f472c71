/** Reads usage from the sums: by client, model, day, hour and team, with the number of refusals. */

import type { Pool } from 'pg'
import type { Static } from 'typebox'
import { nanosToUsd } from '../pricing/money.ts'
import { outcomes } from './call-record.ts'
import type { groups, usageResponse } from './responses.ts'
import { sums } from './sums.ts'

export type Group = (typeof groups)[number]

/** UTC days, half-open. */
export interface Period {
  from: string
  to: string
}

export type UsageSums = Usage['total']
export type UsageRow = Usage['rows'][number]

export interface UsageFilter {
  /** Filters by the ids of clients and teams. */
  clientIds?: string[] | undefined
  teamIds?: string[] | undefined
  /** Number of clients, models or teams with their own rows: the largest by `rank`. One row sums all others. */
  top?: number | undefined
  rank?: Rank | undefined
}

/** Rows in descending order of cost, or by day if days are requested. */
export type Usage = Pick<Static<typeof usageResponse>, 'rows' | 'total' | 'more'>

const KEYS = {
  client: 'client_id',
  model: 'model',
  day: 'day',
  hour: 'hour',
  team: 'team_id',
} satisfies Record<Group, string>

/** The measures that rank clients, models or teams. */
const RANKS = {
  cost: 'sum(cost_nanos)',
  calls: 'sum(calls)',
  tokens: 'sum(input_tokens + cache_read_tokens + cache_write_tokens + output_tokens)',
  saved: 'sum(saved_nanos)',
}
export type Rank = keyof typeof RANKS
export const ranks = ['cost', 'calls', 'tokens', 'saved'] as const satisfies Rank[]

const BY_DAY = 'usage_daily where day >= $1 and day < $2'
const midnight = (day: string) => `${day}::date::timestamp at time zone 'UTC'`
const BY_HOUR = `(select *, (hour at time zone 'UTC')::date as day from usage_hourly) hours
  where hour >= ${midnight('$1')} and hour < ${midnight('$2')}`

/** One statement, so that the sums and their total have the same time. */
export async function readUsage(
  pool: Pool,
  { from, to }: Period,
  by: Group[],
  limit: number,
  { clientIds, teamIds, top, rank = 'cost' }: UsageFilter = {},
): Promise<Usage> {
  const list = by.map(group => KEYS[group]).join(', ')
  const source = `(select * from ${by.includes('hour') ? BY_HOUR : BY_DAY}
    and ($4::text[] is null or client_id = any($4)) and ($5::text[] is null or team_id = any($5))) counted`
  const named: Group[] = top === undefined ? [] : by.filter(group => group !== 'day' && group !== 'hour')
  const largest = named.map(
    group => `largest_${group} as (
      select ${KEYS[group]} from ${source} group by 1 order by ${RANKS[rank]} desc, 1 limit $6)`,
  )
  // A join instead of an expression, because Postgres then estimates few groups and does not sort.
  const joins = named.map(
    group => `left join largest_${group} on largest_${group}.${KEYS[group]} = counted.${KEYS[group]}`,
  )
  const keys = by.map(group => (named.includes(group) ? `largest_${group}.${KEYS[group]}` : KEYS[group]))
  const totals = Object.keys(sums).map(sum => `coalesce(sum(${sum}), 0) as ${sum}`)
  const { rows } = await pool.query(
    `with ${[...largest, 'grouped'].join(', ')} as (
       select ${[...keys, ...totals].join(', ')}, ${keys[0] ? `grouping(${keys[0]})` : '1'} as total
       from ${[source, ...joins].join(' ')}
       group by grouping sets (${keys.length > 0 ? `(${keys.join(', ')}), ` : ''}())
     )
     select ${['grouped.*', ...by.map(group => NAMES[group])].join(', ')} from grouped
     order by total desc, ${times(by)}cost_nanos desc ${list && `, ${list}`} limit $3`,
    [from, to, limit + 2, clientIds, teamIds, ...(named.length > 0 ? [top] : [])],
  )
  const [total, ...found] = rows
  const isOthers = (row: Record<string, string | null>) => named.some(group => row[KEYS[group]] === null)
  return {
    rows: found.slice(0, limit).map(row => ({
      ...keyOf(row, by),
      ...(isOthers(row) && { others: true as const }),
      ...sumsOf(row),
    })),
    total: sumsOf(total),
    more: found.length > limit,
  }
}

/** Groups with a time are sorted by time, not by cost. */
function times(by: Group[]): string {
  return (['day', 'hour'] as const).map(time => (by.includes(time) ? `${time}, ` : '')).join('')
}

/** A renamed client is one group with its last name. */
const lastName = (of: 'client' | 'team') =>
  `(select ${of} from usage_daily u where u.${of}_id = grouped.${of}_id order by u.day desc limit 1) as ${of}`
const NAMES = {
  client: lastName('client'),
  team: lastName('team'),
  day: 'day::text as day_text',
  model: 'null as no_name',
  hour: `to_char(hour at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"') as hour_text`,
} satisfies Record<Group, string>

function keyOf(row: Record<string, string>, by: Group[]): Partial<UsageRow> {
  return {
    ...(by.includes('day') && { day: row.day_text }),
    ...(by.includes('hour') && { hour: row.hour_text }),
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
