/** Pages of lists. */

import { type Input, type Option, textOf } from '../command.ts'

export interface Page {
  /** The cursor of the next page. The last page has none. */
  next?: string
}

export const pageOptions = {
  limit: { value: '100', about: 'the most rows, up to 1000' },
  cursor: { value: 'WyJj…', about: 'the end of the previous page' },
} satisfies Record<string, Option>

export function pageFrom(input: Input): string {
  return queryFrom(input, Object.keys(pageOptions))
}

/** The query of these options. The gateway validates their values. */
export function queryFrom(input: Input, options: string[]): string {
  const query = new URLSearchParams()
  for (const option of options) {
    const value = textOf(input, option)
    if (value !== undefined) query.set(option, value)
  }
  return query.size > 0 ? `?${query}` : ''
}

export function pageNote({ next }: Page): { note?: string } {
  return next === undefined ? {} : { note: `There are more rows: --cursor ${next}` }
}
