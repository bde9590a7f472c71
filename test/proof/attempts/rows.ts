/** The rows of the ledger with their upstreams. */

import { query } from '../../../src/embedded/postgres.ts'
import type { UpstreamName } from './trial.ts'

export interface Row {
  id: string
  client: string
  upstream: UpstreamName
  upstreamMs: number | undefined
  cost: number
  held: number
  outcome: string
  estimated: boolean
}

export async function readRows(databaseUrl: string): Promise<Row[]> {
  const { rows } = await query(
    databaseUrl,
    'select id, client, upstream, upstream_ms, cost_nanos, held_nanos, outcome, estimated from calls order by at, id',
  )
  return rows.map(row => ({
    id: row.id,
    client: row.client,
    upstream: row.upstream,
    upstreamMs: row.upstream_ms === null ? undefined : Number(row.upstream_ms),
    cost: Number(row.cost_nanos),
    held: Number(row.held_nanos),
    outcome: row.outcome,
    estimated: row.estimated,
  }))
}
