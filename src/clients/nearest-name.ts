/** The client or team whose name is nearest to a mistyped one, for the text of an error. */

import type { Pool } from 'pg'
import { didYouMean } from '../pricing/nearest.ts'
import { query } from '../sql/query.ts'

/** The most letters that may be missing or too many: names of other lengths are not compared. */
const LENGTHS = 2
/** The most names to compare. */
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
