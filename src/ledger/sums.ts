/** The columns of `usage_daily` and `usage_hourly`, and the sums of a batch of rows. */

import type { PoolClient } from 'pg'
import type { Outcome } from './call-record.ts'
import type { Row } from './entry.ts'

/** What a row adds to a sum. */
type Added = (row: Row) => number | string

const outcome =
  (name: Outcome): Added =>
  ({ facts }) =>
    facts.outcome === name ? 1 : 0

export const sums = {
  calls: ({ seq }) => 1 - seq,
  ok: outcome('ok'),
  cached: outcome('cached'),
  coalesced: outcome('coalesced'),
  refused: outcome('refused'),
  upstream_error: outcome('upstream_error'),
  client_gone: outcome('client_gone'),
  interrupted: outcome('interrupted'),
  // A correction has the real outcome of a call that was counted as lost.
  lost: ({ seq, facts }) => (facts.outcome === 'lost' ? 1 : 0) - seq,
  gateway_error: outcome('gateway_error'),
  input_tokens: ({ facts }) => facts.inputTokens,
  cache_read_tokens: ({ facts }) => facts.cacheReadTokens,
  cache_write_tokens: ({ facts }) => facts.cacheWriteTokens,
  output_tokens: ({ facts }) => facts.outputTokens,
  cost_nanos: ({ costNanos }) => costNanos,
  saved_nanos: ({ facts }) => facts.savedNanos,
} satisfies Record<Outcome, Added> & Record<string, Added>

const HOUR = 3_600_000
const names = Object.keys(sums)
const added: Added[] = Object.values(sums)

/** The sums of the rows of one client, hour, team and model. */
interface Sum {
  clientId: string
  hour: string
  teamId: string
  model: string
  client: string
  team: string
  /** In the order of `sums`. */
  amounts: Amount[]
}

/** An exact sum: what a double cannot represent is in `large`. */
interface Amount {
  small: number
  large: bigint
}

/** Adds the rows to the sums by day and by hour. Call it in the transaction that inserts the rows. */
export async function addSums(client: PoolClient, rows: Row[]): Promise<void> {
  const found = sumUp(rows)
  await client.query(ADD, [
    ...keys.map(key => found.map(sum => sum[key])),
    ...names.map((_, i) => found.map(({ amounts }) => textOf(amounts[i]!))),
  ])
}

function sumUp(rows: Row[]): Sum[] {
  const found = new Map<string, Sum>()
  for (const row of rows) {
    const { clientId = '', client = '', teamId = '', team = '', model = '' } = row.facts
    const key = `${Math.floor(row.time / HOUR)}\0${clientId}\0${teamId}\0${model}`
    let sum = found.get(key)
    if (!sum) {
      const hour = `${row.at.slice(0, 13)}:00Z`
      sum = {
        clientId,
        hour,
        teamId,
        model,
        client,
        team,
        amounts: names.map(() => ({ small: 0, large: 0n })),
      }
      found.set(key, sum)
    }
    for (let i = 0; i < added.length; i++) add(sum.amounts[i]!, added[i]!(row))
  }
  return [...found.values()]
}

function add(amount: Amount, value: number | string) {
  const number = Number(value)
  const total = amount.small + number
  if (Number.isSafeInteger(number) && Number.isSafeInteger(total)) amount.small = total
  else amount.large += BigInt(value)
}

function textOf({ small, large }: Amount): string {
  return large === 0n ? String(small) : String(BigInt(small) + large)
}

const keys = ['clientId', 'hour', 'teamId', 'model', 'client', 'team'] as const
const list = (each: (name: string) => string) => names.map(each).join(', ')

function addTo(table: string, time: string, timeOf: string): string {
  return `
    insert into ${table} as kept (client_id, ${time}, team_id, model, client, team, ${list(name => name)})
    select client_id, ${timeOf}, team_id, model, max(client), max(team), ${list(name => `sum(${name})`)}
    from added group by 1, 2, 3, 4 order by 1, 2, 3, 4
    on conflict (client_id, ${time}, team_id, model) do update
    set client = excluded.client, team = excluded.team, ${list(name => `${name} = kept.${name} + excluded.${name}`)}`
}

/** Every replica updates in the same order, so that there is no deadlock. */
const ADD = `
  with added as (
    select * from unnest(
      $1::text[], $2::timestamptz[], $3::text[], $4::text[], $5::text[], $6::text[],
      ${names.map((_, i) => `$${i + keys.length + 1}::bigint[]`).join(', ')}
    ) as added (client_id, hour, team_id, model, client, team, ${list(name => name)})
  ), by_day as (${addTo('usage_daily', 'day', `(hour at time zone 'UTC')::date`)}
  )
  ${addTo('usage_hourly', 'hour', 'hour')}`
