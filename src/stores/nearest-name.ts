/** The client or team that a mistyped name may have meant: for an error's text, so it is asked only where one is written. */

import type { Pool } from 'pg'
import { didYouMean } from '../prices/nearest.ts'
import { query } from './query.ts'

/** So many letters may be wrong, missing, or too many: no name of another length can be meant. */
const LENGTHS = 2
/** Names compared at most. */
const COMPARED = 10_000

const NAMES = {
  client: 'clients where deleted_at is null and',
  team: 'teams where',
} as const

/** ` Did you mean web?`, or nothing. */
export async function didYouMeanOne(pool: Pool, kind: keyof typeof NAMES, mistyped: string): Promise<string> {
  const rows = await query<{ name: string }>(
    pool,
    `select name from ${NAMES[kind]} abs(length(name) - $1) <= ${LENGTHS} order by name limit ${COMPARED}`,
    [mistyped.length],
  )
  return didYouMean(
    mistyped,
    rows.map(({ name }) => name),
  )
}
