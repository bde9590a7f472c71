/** A private Redis database whose scripts use the clock of the test, and helpers that read its data. */

import type { Cluster, Redis } from 'ioredis'
import { createMoneyScripts } from '../../src/lua/index.ts'
import { createLedgerScripts } from '../../src/lua/ledger.ts'
import type { Reservation, Scope } from '../../src/lua/types.ts'
import { connectRedis } from '../../src/redis/connect.ts'
import { testRedis } from '../servers.ts'

const PREFIX = '{tollgate}:'

/** Takes the place of `prelude/clock.lua`, and of nothing else. */
const clock = `local function clock() return tonumber(redis.call('GET', '${PREFIX}clock')) end\n`

const SET_CLOCK = `
  redis.call('SET', KEYS[1] .. 'clock', ARGV[1])
  for _, key in ipairs(redis.call('KEYS', KEYS[1] .. '*')) do
    local ends = redis.call('PEXPIRETIME', key)
    if ends >= 0 and ends <= tonumber(ARGV[1]) then redis.call('DEL', key) end
  end`

/** Noon of a day in a year that leaves out its leap day; far enough away that Redis itself expires nothing. */
export const NOON = Date.UTC(2100, 1, 28, 12)
export const SECOND = 1000
export const MINUTE = 60 * SECOND
export const HOUR = 60 * MINUTE
export const DAY = 24 * HOUR

type Context = Parameters<typeof testRedis>[0]

export type Fixture = Awaited<ReturnType<typeof createFixture>>

/** Counters are complete and empty; it is noon. `url`: of a server of the test's own, where it has one. */
export async function createFixture(t: Context, url?: string) {
  url ??= (await testRedis(t)).url
  const redis = connectRedis(url)
  t.signal.addEventListener('abort', () => redis.disconnect(), { once: true })
  const money = createMoneyScripts(redis, { clock })
  const ledger = createLedgerScripts(redis, { clock })
  let now = NOON

  /** What is due by the test's clock goes now. */
  async function setClock(ms: number) {
    now = ms
    await redis.eval(SET_CLOCK, 1, PREFIX, ms)
  }

  async function begin() {
    await redis.flushdb()
    await redis.mset(`${PREFIX}epoch`, 1, `${PREFIX}version`, 1)
    await setClock(NOON)
  }
  await begin()

  return {
    begin,
    url,
    redis,
    money,
    ledger,
    setClock,
    wait: (ms: number) => setClock(now + ms),
    now: () => now,
    admit: (
      id: string,
      reservation: Reservation,
      more: { version?: number; cacheKey?: string; maxPending?: number } = {},
    ) => money.admit(id, reservation, { version: 1, maxPending: 1000, ...more }),
    scope: (key: string) => redis.hgetall(`${PREFIX}scope:${key}`),
    entries: () => readEntries(redis),
    /** Everything but the clock and the ledger: for comparing before with after. */
    everything: () => dump(redis),
  }
}

export interface LedgerEntry {
  id: string
  seq: string
  at: string
  nanos: string
  held: string
  data: string
}

export async function readEntries(redis: Redis | Cluster): Promise<LedgerEntry[]> {
  const entries = await redis.xrange(`${PREFIX}ledger`, '-', '+')
  return entries.map(([, fields]) => {
    const [, id = '', , seq = '', , at = '', , nanos = '', , held = '', , data = ''] = fields
    return { id, seq, at, nanos, held, data }
  })
}

async function dump(redis: Redis | Cluster): Promise<Record<string, unknown>> {
  const all: Record<string, unknown> = {}
  for (const key of (await redis.keys(`${PREFIX}*`)).sort()) {
    const type = await redis.type(key)
    if (type === 'hash') all[key] = await redis.hgetall(key)
    else if (type === 'zset') all[key] = await redis.zrange(key, '0', '-1', 'WITHSCORES')
    else if (type === 'string') all[key] = await redis.get(key)
    all[`${key} ends`] = await redis.pexpiretime(key)
  }
  return all
}

/** Creates a reservation on the given scopes. */
export function claimOn(
  scopes: (Partial<Scope> & { key: string })[],
  units: Partial<Reservation> = {},
): Reservation {
  return {
    scopes: scopes.map(scope => ({ name: scope.key, ...scope })),
    tokens: 0,
    nanos: 0,
    entry: {},
    ...units,
  }
}
