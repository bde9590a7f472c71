/** Sums the spend of scopes and windows from the ledger's rows. */

import type { PoolClient } from 'pg'

/** The columns of a row that determine its sums. */
export interface Charge {
  client_id?: unknown
  team_id?: unknown
  /** UTC, `2026-11-23`. */
  day: string
  cost_nanos: string
}

/** Nano-dollars spent, by scope and window: see `keyOf`. */
export type Spent = Map<string, number>

export function keyOf(scope: string, window: string): string {
  return `${scope} ${window}`
}

/** Adds a charge, times `sign`, to all its scopes and windows. */
export function addCharge(spent: Spent, { client_id, team_id, day, cost_nanos }: Charge, sign: 1 | -1): void {
  const scopes = [
    'gateway',
    ...(client_id ? [`client:${client_id}`] : []),
    ...(team_id ? [`team:${team_id}`] : []),
  ]
  const date = day.replaceAll('-', '')
  for (const scope of scopes) {
    for (const window of [`d${date}`, `m${date.slice(0, 6)}`]) {
      const key = keyOf(scope, window)
      spent.set(key, (spent.get(key) ?? 0) + sign * Number(cost_nanos))
    }
  }
}

/** The names in Redis of the two windows of a day. */
const WINDOWS = `(values ('d' || to_char(day, 'YYYYMMDD')), ('m' || to_char(day, 'YYYYMM'))) as windows(name)`

const sumOf = (scope: string, filter: string) => `
  select ${scope} as scope, name, sum(cost_nanos) as nanos
  from usage_daily cross join lateral ${WINDOWS}
  where day >= $1 and day < $2 and name = any($3) and ${filter} group by 1, 2`

/** Every scope and window with spend: days from $1 on, months from the month that begins on $2. */
export const SPENT_BY_SCOPE = `
  select scope, name as window, sum(cost_nanos)::text as nanos
  from usage_daily
  cross join lateral ${WINDOWS}
  cross join lateral (values ('client:' || client_id), ('team:' || team_id), ('gateway')) as scopes(scope)
  where day >= $2 and (day >= $1 or name like 'm%') and scope not in ('client:', 'team:')
  group by 1, 2 having sum(cost_nanos) <> 0`

/** Reads the spend of these scopes in these windows. All windows lie between two UTC days (half-open). */
export async function readSpent(
  client: PoolClient,
  scopes: string[],
  windows: { names: string[]; from: string; to: string },
): Promise<Spent> {
  const ids = (kind: string) =>
    scopes.flatMap(scope => (scope.startsWith(kind) ? [scope.slice(kind.length)] : []))
  const { rows } = await client.query<{ scope: string; name: string; nanos: string }>(
    [
      sumOf(`'client:' || client_id`, 'client_id = any($4)'),
      sumOf(`'team:' || team_id`, 'team_id = any($5)'),
      sumOf(`'gateway'`, '$6'),
    ].join(' union all '),
    [windows.from, windows.to, windows.names, ids('client:'), ids('team:'), scopes.includes('gateway')],
  )
  return new Map(rows.map(({ scope, name, nanos }) => [keyOf(scope, name), Number(nanos)]))
}
