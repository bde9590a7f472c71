/** Writes many clients and their spend directly into the stores, since calls of so many clients would take minutes. */

import { windowsAt } from '../../src/lua/calendar.ts'
import { PREFIX } from '../../src/lua/scripts.ts'
import type { Gateway } from '../gateway.ts'

const AT_ONCE = 2000

/**
 * Makes clients `c-00001` to `c-<count>`, a fifth of them in each of the teams `t-0` to `t-4`, each with a budget of $10 a day.
 * `spentUsd` returns the spend of each today, in its counters and, over the last `days` days, in the ledger's sums.
 */
export async function seedClients(
  { app }: Pick<Gateway, 'app'>,
  count: number,
  { spentUsd, days = 1 }: { spentUsd: (client: number) => number; days?: number },
): Promise<void> {
  const { pg, redis } = app
  await pg.query(`insert into teams (id, name) select 'team' || n, 't-' || n from generate_series(0, 4) n`)
  await pg.query(
    `insert into clients (id, name, team_id, settings)
     select 'c' || n, 'c-' || lpad(n::text, greatest(5, length(n::text)), '0'), 'team' || n % 5, '{"budget":{"day":10}}'
     from generate_series(1, $1::int) n`,
    [count],
  )
  const { day } = windowsAt(await app.money.time())
  for (let first = 1; first <= count; first += AT_ONCE) {
    const numbers = Array.from({ length: Math.min(AT_ONCE, count - first + 1) }, (_, i) => first + i)
    const batch = redis.pipeline()
    for (const number of numbers)
      batch.hset(`${PREFIX}scope:client:c${number}`, `${day.name}:spent`, nanos(spentUsd(number)))
    await batch.exec()
    await pg.query(SUMS, [numbers, numbers.map(number => nanos(spentUsd(number))), days])
  }
}

const SUMS = `
  insert into usage_daily
  select 'c' || number, (now() at time zone 'UTC')::date - age, 'team' || number % 5, 'claude-haiku-4-5',
         'c-' || lpad(number::text, greatest(5, length(number::text)), '0'), 't-' || number % 5,
         1, 1, 0, 0, 0, 0, 0, 0, 0, 0, 10, 0, 0, 10, nanos, 0
  from unnest($1::int[], $2::bigint[]) as spent(number, nanos), generate_series(0, $3::int - 1) age`

function nanos(usd: number): number {
  return Math.round(usd * 1e9)
}
