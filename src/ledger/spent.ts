/** Sums the spend of scopes and windows from the ledger's rows. */

import type { PoolClient } from 'pg'
import { idsOf, type ScopeColumn, type ScopeKind, scopeKinds } from '../lua/scope-kinds.ts'

/** The columns of a row that determine its sums. */
export type Charge = { [column in ScopeColumn]?: unknown } & {
  /** UTC, `2026-11-23`. */
  day: string
  cost_nanos: string
}

/** Nano-dollars spent, by scope and window (`windowKey`). */
export type Spent = Map<string, number>

export function windowKey(scope: string, window: string): string {
  return `${scope} ${window}`
}

/** Adds a charge, times `sign`, to all its scopes and windows. */
export function addCharge(spent: Spent, { day, cost_nanos, ...row }: Charge, sign: 1 | -1): void {
  const scopes = scopeKinds.flatMap(({ kind, column }) => {
    if (column === null) return [kind]
    const id = row[column]
    return id ? [`${kind}:${id}`] : []
  })
  const date = day.replaceAll('-', '')
  for (const scope of scopes) {
    for (const window of [`d${date}`, `m${date.slice(0, 6)}`]) {
      const key = windowKey(scope, window)
      spent.set(key, (spent.get(key) ?? 0) + sign * Number(cost_nanos))
    }
  }
}

/** The names in Redis of the two windows of a day. */
const WINDOWS = `(values ('d' || to_char(day, 'YYYYMMDD')), ('m' || to_char(day, 'YYYYMM'))) as windows(name)`

/** The key of a row's scope of this kind, in SQL; null: the row has none. */
const keyIn = (kind: ScopeKind, column: ScopeColumn | null) =>
  column === null ? `'${kind}'` : `'${kind}:' || nullif(${column}, '')`

/** Every scope and window with spend: days from $1 on, months from the month that begins on $2. */
export const SPENT_BY_SCOPE = `
  select scope, name as window, sum(cost_nanos)::text as nanos
  from usage_daily
  cross join lateral ${WINDOWS}
  cross join lateral (values ${scopeKinds.map(({ kind, column }) => `(${keyIn(kind, column)})`).join(', ')}) as scopes(scope)
  where day >= $2 and (day >= $1 or name like 'm%') and scope is not null
  group by 1, 2 having sum(cost_nanos) <> 0`

/** $1, $2: UTC days, half-open; $3: names of windows; then, for each kind, the ids. */
const SPENT_OF_SCOPES = scopeKinds
  .map(
    ({ kind, column }, i) => `
      select ${keyIn(kind, column)} as scope, name, sum(cost_nanos) as nanos
      from usage_daily cross join lateral ${WINDOWS}
      where day >= $1 and day < $2 and name = any($3)
        and ${column === null ? `cardinality($${i + 4}::text[]) > 0` : `${column} = any($${i + 4})`}
      group by 1, 2`,
  )
  .join(' union all ')

/** Reads the spend of these scopes in these windows. All windows lie between two UTC days (half-open). */
export async function readSpent(
  client: PoolClient,
  scopes: string[],
  windows: { names: string[]; from: string; to: string },
): Promise<Spent> {
  const { rows } = await client.query<{ scope: string; name: string; nanos: string }>(SPENT_OF_SCOPES, [
    windows.from,
    windows.to,
    windows.names,
    ...scopeKinds.map(({ kind }) => idsOf(kind, scopes)),
  ])
  return new Map(rows.map(({ scope, name, nanos }) => [windowKey(scope, name), Number(nanos)]))
}
