/** The four records that must agree: the provider's, the ledger's, the counters' and the log's. */

import assert from 'node:assert/strict'
import { query } from '../../src/embedded/postgres.ts'
import { builtin } from '../../src/pricing/builtin.ts'
import { costNanos } from '../../src/pricing/cost.ts'
import { loadPrices } from '../../src/pricing/table.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import type { Call as Served } from '../provider.ts'
import { until } from '../until.ts'
import type { Budget, Fleet } from './fleet.ts'

const PREFIX = '{tollgate}:'
const prices = loadPrices(builtin)

/** One row of the ledger. Money in nano-dollars, times in milliseconds since 1970. */
export interface Row {
  id: string
  seq: number
  day: string
  at: number
  /** When Redis settled it. */
  settledAt: number
  position: bigint
  cost: number
  held: number
  outcome: string
  estimated: boolean
  status: number
  scopes: string[]
}

/** In the order they were settled. */
export async function readLedger(databaseUrl: string): Promise<Row[]> {
  const { rows } = await query(
    databaseUrl,
    'select *, day::text as utc_day from calls order by position, seq',
  )
  return rows.map(row => ({
    id: row.id,
    seq: row.seq,
    day: row.utc_day,
    at: row.at.getTime(),
    settledAt: Number(BigInt(row.position) >> 20n),
    position: BigInt(row.position),
    cost: Number(row.cost_nanos),
    held: Number(row.held_nanos),
    outcome: row.outcome,
    estimated: row.estimated,
    status: row.status,
    scopes: [`client:${row.client_id}`, ...(row.team_id ? [`team:${row.team_id}`] : []), 'gateway'],
  }))
}

/** All counters of scopes, field by field: `client:<id> d20261123:spent`. */
export async function readCounters(redisUrl: string): Promise<Map<string, string>> {
  const redis = connectRedis(redisUrl)
  try {
    const counters = new Map<string, string>()
    for (const key of await redis.keys(`${PREFIX}scope:*`)) {
      for (const [field, value] of Object.entries(await redis.hgetall(key)))
        counters.set(`${key.slice(`${PREFIX}scope:`.length)} ${field}`, value)
    }
    return counters
  } finally {
    redis.disconnect()
  }
}

interface Idle {
  provider: { waitForIdle(): Promise<unknown> }
}

/** Waits until nothing runs, nothing is held and nothing is on its way to Postgres. */
export async function allQuiet(fleet: Pick<Fleet, 'redisUrl'> & Idle): Promise<void> {
  await fleet.provider.waitForIdle()
  const redis = connectRedis(fleet.redisUrl)
  redis.on('error', () => {})
  let still: Record<string, unknown> = {}
  try {
    await until(async () => {
      const [epoch, held, leases, entries] = await Promise.all([
        redis.exists(`${PREFIX}epoch`),
        redis.hkeys(`${PREFIX}holds`),
        redis.zrange(`${PREFIX}leases`, '0', '-1', 'WITHSCORES'),
        redis.xlen(`${PREFIX}ledger`),
      ])
      // A lease that ends in the future is renewed: its call still runs.
      still = { complete: epoch === 1, held, leases, now: Date.now(), entries }
      return epoch === 1 && held.length + leases.length + entries === 0
    })
  } catch (cause) {
    throw new Error(`the gateways do not become idle: ${JSON.stringify(still)}`, { cause })
  } finally {
    redis.disconnect()
  }
}

/** Nano-dollars by scope and window, as the counters name them. */
export function sumsOf(rows: Row[]): Map<string, number> {
  const sums = new Map<string, number>()
  for (const { day, cost, scopes } of rows) {
    const date = day.replaceAll('-', '')
    for (const scope of scopes) {
      for (const window of [`d${date}`, `m${date.slice(0, 6)}`]) {
        const key = `${scope} ${window}:spent`
        sums.set(key, (sums.get(key) ?? 0) + cost)
      }
    }
  }
  return sums
}

/** Nothing runs and nothing is held any more; counters and ledger agree to the nano-dollar, and verify finds no difference. */
export async function assertBalanced(
  fleet: Pick<Fleet, 'redisUrl' | 'databaseUrl' | 'admin'>,
): Promise<Row[]> {
  const rows = await readLedger(fleet.databaseUrl)
  const counters = await readCounters(fleet.redisUrl)
  const fields = [...counters.keys()]
  assert.deepEqual(
    fields.filter(field => /:held$| running$/.test(field)),
    [],
    'held = 0, running = 0',
  )
  const spent = [...counters].filter(([field]) => field.endsWith(':spent'))
  const sums = [...sumsOf(rows)].filter(([, nanos]) => nanos !== 0)
  assert.deepEqual(
    Object.fromEntries(spent.sort()),
    Object.fromEntries(sums.map(([field, nanos]) => [field, String(nanos)] as const).sort()),
    'counters = ledger',
  )
  const { status, body } = await fleet.admin('GET', '/verify')
  assert.deepEqual(
    { status, ...body },
    { status: 200, ok: true, scopes: body.scopes, quarantined: 0, found: 0, differences: [] },
  )
  return rows
}

/** The cost of calls above their holds. */
export function overspend(rows: Row[]): number {
  return rows
    .filter(({ seq }) => seq === 0)
    .reduce((sum, { cost, held }) => sum + Math.max(0, cost - held), 0)
}

export function assertWithin(budgets: Budget[], rows: Row[]): void {
  const sums = [...sumsOf(rows)]
  for (const { scope, name, window, nanos } of budgets) {
    for (const [key, spent] of sums) {
      if (!key.startsWith(`${scope} ${window[0]}`)) continue
      assert.ok(spent <= nanos, `${name} has spent ${spent} of ${nanos} this ${window} (${key})`)
    }
  }
}

/** The provider's price for a call that it served to its end. */
export function priceOf(served: Served): number {
  const price = costNanos(prices, served.served, new Date(served.startedAt))
  if (!('nanos' in price)) throw new Error(`no price for ${price.unpriced}`)
  return price.nanos
}
