/** In what order calls are listed, and how far back an order or a filter without an index of its own may read. */

import { problem } from '../plugins/admin/problem.ts'

/** What calls are sorted by, each as SQL. Calls with equal values are in the order of time. */
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

/** A row's place in its list. `by` and `value` where the list is not sorted by time, the newest first. */
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

/** Columns by which rows are sorted, the last of which make the order total. */
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
 * The time range to read: these filters and orders read every row of it, so it is at most 31 days, which end at `to` or now.
 * Throws a problem where a longer one is asked for.
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
