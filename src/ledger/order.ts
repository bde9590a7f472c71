/** The orders of the list of calls, and the time range that an order or a filter without an index may read. */

import { problem } from '../plugins/admin/problem.ts'

/** Sort values as SQL. Calls with equal values are sorted by time. */
export const sorts = {
  time: undefined,
  cost: 'cost_nanos',
  latency: 'coalesce(latency_ms, 0)',
  input: 'input_tokens + cache_read_tokens + cache_write_tokens',
  output: 'output_tokens',
} as const
export type Sort = keyof typeof sorts

export const orders = ['desc', 'asc'] as const
export type Order = (typeof orders)[number]

/** A row's place in its list. `by` and `value` are set unless the list is sorted by time, the newest first. */
export interface Place {
  at: string
  id: string
  seq: number
  /** The list that the place belongs to, such as `cost desc`. */
  by?: string
  value?: number
}

/** The list's name in a cursor; undefined for the newest first. */
export function nameOf(sort: Sort = 'time', order: Order = 'desc'): string | undefined {
  return sort === 'time' && order === 'desc' ? undefined : `${sort} ${order}`
}

/** The sort columns. The last ones give rows with equal values a fixed order. */
export function keysOf(sort: Sort = 'time'): string[] {
  const first = sorts[sort]
  return [...(first ? [first] : []), 'at', 'id', 'seq']
}

export const LONGEST_DAYS = 31
const DAY = 86_400_000

interface Asked {
  sort?: Sort
  status?: string
  team?: string
  from?: Date | undefined
  to?: Date | undefined
}

/**
 * The time range to read. An order or a filter without an index reads every row of it, so it is at most 31 days up to `to` or now.
 * Throws a problem if the request asks for more.
 */
export function boundedRange({ sort = 'time', status, team, from, to }: Asked, now: number) {
  if (sort === 'time' && status === undefined && team === undefined) return { from, to }
  const end = to?.getTime() ?? now
  const first = end - LONGEST_DAYS * DAY
  if (from && from.getTime() < first) {
    const days = Math.ceil((end - from.getTime()) / DAY)
    const detail = `found ${days} days up to ${new Date(end).toISOString()}, expected at most ${LONGEST_DAYS} with sort, status or team; choose a later from or an earlier to`
    throw problem(400, `from ${detail}.`, [{ field: 'from', detail }])
  }
  return { from: from ?? new Date(first), to }
}
