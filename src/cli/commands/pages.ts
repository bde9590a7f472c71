/** Lists come in pages. */

import { type Input, type Option, textOf } from '../command.ts'

export interface Page {
  /** Where the next page begins; absent on the last one. */
  next?: string
}

export const pageOptions = {
  limit: { value: '100', about: 'rows at most, up to 1000' },
  cursor: { value: 'WyJj…', about: 'where the page before ended' },
} satisfies Record<string, Option>

export function pageFrom(input: Input): string {
  return queryFrom(input, Object.keys(pageOptions))
}

/** Options that the administration takes as they are, and judges itself. */
export function queryFrom(input: Input, options: string[]): string {
  const query = new URLSearchParams()
  for (const option of options) {
    const value = textOf(input, option)
    if (value !== undefined) query.set(option, value)
  }
  return query.size > 0 ? `?${query}` : ''
}

export function pageNote({ next }: Page): { note?: string } {
  return next === undefined ? {} : { note: `There are more: --cursor ${next}` }
}
