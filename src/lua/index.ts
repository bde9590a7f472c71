/**
 * The money core, typed: admissions, leases, settlements and what restores them, each one script that Redis runs as one
 * step on its own clock. Money is whole nano-dollars, time milliseconds since 1970.
 */

import type { Cluster, Redis } from 'ioredis'
import { encode, holdOf, renewalOf, truthOf } from './arguments.ts'
import { readAmounts, readLost, readNoRoom, readRefusal, readSettled, readStates } from './replies.ts'
import { defineScripts, PREFIX } from './scripts.ts'
import type {
  Admitted,
  Amounts,
  Lost,
  Renewed,
  Reservation,
  Running,
  Scope,
  ScopeState,
  Settled,
  Settlement,
} from './types.ts'

export type MoneyScripts = ReturnType<typeof createMoneyScripts>

/** No script may keep the others waiting: a page takes Redis some milliseconds at most. */
const RENEWED_AT_ONCE = 500
const REMEMBERED_AT_ONCE = 50

export function createMoneyScripts(redis: Redis | Cluster, options: { clock?: string } = {}) {
  defineScripts(redis, options.clock)

  return {
    /** Takes all that a call reserves, or nothing. Sent again with the same id, it takes nothing more. */
    async admit(
      id: string,
      reservation: Reservation,
      { version, cacheKey = '', maxPending }: { version: number; cacheKey?: string; maxPending: number },
    ): Promise<Admitted> {
      const { limits, entry } = encode(reservation)
      const reply = await redis.admitCall(PREFIX, id, limits, entry, version, maxPending, cacheKey)
      switch (reply[0]) {
        case 'granted':
        case 'hit':
          return { kind: reply[0], at: reply[1], states: readStates(reservation.scopes, reply[2]) }
        case 'refused':
          return readRefusal(reservation.scopes, reply)
        case 'stale':
          return { kind: 'stale', version: reply[1] }
        default:
          return { kind: reply[0] }
      }
    },

    /**
     * Renews the leases of running calls, extends their holds, and restores holds that Redis has lost. The results are in
     * the order of the calls.
     */
    async renew(running: Running[]): Promise<Renewed[]> {
      const renewed: Renewed[] = running.map(({ id }) => ({ id, kind: 'renewed' }))
      for (let from = 0; from < running.length; from += RENEWED_AT_ONCE) {
        const page = running.slice(from, from + RENEWED_AT_ONCE)
        const { scopes, args } = renewalOf(page)
        const [unknown, refused] = await redis.renewHolds(PREFIX, ...args)
        for (const reply of refused) renewed[from + reply[0]] = readNoRoom(page[reply[0]]!.id, scopes, reply)
        for (let i = 0; i < unknown.length; i += REMEMBERED_AT_ONCE) {
          const forgotten = unknown.slice(i, i + REMEMBERED_AT_ONCE).map(index => from + index)
          const kinds = await redis.rememberHolds(PREFIX, ...forgotten.flatMap(at => holdOf(running[at]!)))
          for (const [n, index] of forgotten.entries())
            renewed[index] = { id: running[index]!.id, kind: kinds[n]! }
        }
      }
      return renewed
    },

    /** Charges what calls really cost, each once, and tells the ledger. Rejects while counters are being restored. */
    async settle(settlements: Settlement[]): Promise<Settled[]> {
      const replies = await redis.settleCalls(PREFIX, ...settlements.flatMap(truthOf))
      return replies.map(readSettled)
    },

    /** Charges calls whose replica died, at most so many. To be called every second: see sweep.lua. */
    async sweep(limit: number): Promise<Lost[]> {
      const lost = await redis.sweepLeases(PREFIX, limit)
      return lost.map(readLost)
    },

    /** Makes a new version of the configuration known to every replica; answers with the newest there is. */
    async raiseVersion(version: number): Promise<number> {
      return redis.raiseVersion(PREFIX, version)
    },

    /** Milliseconds since 1970 by Redis's clock. */
    async time(): Promise<number> {
      return redis.readTime(PREFIX)
    },

    /** Takes one token count from the scope's bucket. Returns the wait in milliseconds, 0 if it was taken. */
    async chargeCount(scope: Scope): Promise<number> {
      return redis.chargeCount(PREFIX, JSON.stringify(scope))
    },

    /** Where scopes stand, as an admission would find them now. Rejects while counters are being restored. */
    async state(scopes: Scope[]): Promise<{ at: number; states: ScopeState[] }> {
      const [at, states] = await redis.readStates(PREFIX, JSON.stringify(scopes))
      return { at, states: readStates(scopes, states) }
    },

    /** The windows of many scopes, by their keys, for a fraction of what `state` costs. Rejects as `state` does. */
    async spent(keys: string[]): Promise<{ at: number; spent: Record<'day' | 'month', Amounts>[] }> {
      const [at, spent] = await redis.readSpent(PREFIX, ...keys)
      return { at, spent: spent.map(readAmounts) }
    },
  }
}
