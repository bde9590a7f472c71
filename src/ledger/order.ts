/** The orders of the list of calls. */

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

/** A row's position in its list. `by` and `value` are absent if the list is sorted by descending time. */
export interface Place {
  at: string
  id: string
  seq: number
  /** The list of the position, such as `cost desc`. */
  by?: string
  value?: number
}

/** The list's name in a cursor; undefined for descending time. */
export function nameOf(sort: Sort = 'time', order: Order = 'desc'): string | undefined {
  return sort === 'time' && order === 'desc' ? undefined : `${sort} ${order}`
}

/** The sort columns. The last ones give rows with equal values a fixed order. */
export function keysOf(sort: Sort = 'time'): string[] {
  const first = sorts[sort]
  return [...(first ? [first] : []), 'at', 'id', 'seq']
}
