/** Fills the ledger with millions of calls of two months, in order of time, and with their sums. A trigger counts performance. */

import type { Pool } from 'pg'
import { outcomes } from '../src/ledger/call-record.ts'
import { sums } from '../src/ledger/sums.ts'

export const CLIENTS = 200
const MODELS = ['claude-haiku-4-5', 'claude-sonnet-5', 'gpt-6-luna', 'gpt-6-sol']
const DAYS = 60

/** Replaces the ledger by one with that many calls. */
export async function fillLedger(pool: Pool, size: number): Promise<void> {
  await pool.query('truncate calls, usage_daily, performance')
  await pool.query(
    `select ensure_calls_month((now() - interval '1 day' * n)::date) from generate_series(0, $1) n`,
    [DAYS],
  )
  await pool.query(
    `insert into calls (
       id, seq, day, at, cost_nanos, held_nanos, position, recorded_at, client_id, client, team_id, team, key, route,
       model, upstream, status, outcome, stream, cache, latency_ms, ttft_ms, upstream_ms, input_tokens,
       cache_read_tokens, cache_write_tokens, output_tokens, price_version
     )
     select
       md5(n::text), 0, (at at time zone 'UTC')::date, at, 1000000 + n % 1000 * 1000, 6000000, n, at,
       'cl_' || client, 'client-' || client, 'tm_' || client % 20, 'team-' || client % 20, 'Ab3dEf7h', '/v1/messages',
       ($2::text[])[1 + n / 7 % array_length($2::text[], 1)], 'ezai', case when n % 500 = 0 then 502 else 200 end,
       case when n % 500 = 0 then 'upstream_error' when n % 10 = 0 then 'cached' else 'ok' end,
       n % 2 = 0, 'MISS', 300 + n % 97 * 60, 100 + n % 31 * 20, 290 + n % 97 * 60, 320, 5000, 0, 130, '0123456789abcdef'
     from (
       select n, n * 7919 % $3 as client,
         now() - interval '1 day' * $4 * (1 - n::float8 / $1) as at
       from generate_series(1::bigint, $1::bigint) n
     ) numbered`,
    [size, MODELS, CLIENTS, DAYS],
  )
  const added = Object.keys(sums).join(', ')
  await pool.query(
    `insert into usage_daily (client_id, day, team_id, model, client, team, ${added})
     select client_id, day, team_id, model, max(client), max(team), ${Object.keys(sums).map(summed).join(', ')}
     from calls group by 1, 2, 3, 4`,
  )
  await pool.query('analyze')
}

/** The sum over rows without corrections. */
function summed(column: string): string {
  if (column === 'calls') return 'count(*)'
  const isOutcome = outcomes.some(outcome => outcome === column)
  return isOutcome ? `count(*) filter (where outcome = '${column}')` : `sum(${column})`
}
