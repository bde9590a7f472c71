/**
 * Typed functions for admissions, leases and settlements. Redis runs each script as one atomic step on its own clock.
 * Money is whole nano-dollars; time is milliseconds since 1970.
 */

import type { Cluster, Redis } from 'ioredis'
import {
  type Admission,
  admissionArguments,
  checkAmounts,
  countArguments,
  holdArguments,
  limitArguments,
  renewalArguments,
  settlementArguments,
} from './arguments.ts'
import { createBatches } from './batches.ts'
import { readAdmitted, readAmounts, readLost, readNoRoom, readSettled, readStates } from './replies.ts'
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

/** A script blocks all others, so the pages are small: one page takes Redis some milliseconds at most. */
const RENEWED_AT_ONCE = 500
const REMEMBERED_AT_ONCE = 50
const ADMITTED_AT_ONCE = 32
const SETTLED_AT_ONCE = 64

export function createMoneyScripts(redis: Redis | Cluster, options: { clock?: string } = {}) {
  defineScripts(redis, options.clock)
  const settlements = createBatches(async (some: Settlement[]) => {
    return readSettled(some, await redis.settleCalls(PREFIX, ...settlementArguments(some)))
  }, SETTLED_AT_ONCE)
  const admissions = createBatches(async (some: Admission[]) => {
    // The client's next call must find its last call settled.
    settlements.flush()
    const replies = await redis.admitCalls(PREFIX, ...admissionArguments(some))
    return replies.map((reply, i) => readAdmitted(some[i]!.reservation.scopes, reply))
  }, ADMITTED_AT_ONCE)

  return {
    /** Takes all amounts of a reservation, or nothing. A repeat with the same id takes nothing. */
    async admit(
      id: string,
      reservation: Reservation,
      { version, cacheKey, maxPending }: { version: number; cacheKey?: string; maxPending: number },
    ): Promise<Admitted> {
      checkAmounts(reservation)
      const [admitted] = await admissions.push([{ id, reservation, version, cacheKey, maxPending }])
      return admitted!
    },

    /**
     * Renews the leases of running calls, extends their holds, and restores holds that Redis has lost. The results are in
     * the order of the calls.
     */
    async renew(running: Running[]): Promise<Renewed[]> {
      const renewed: Renewed[] = running.map(({ id }) => ({ id, kind: 'renewed' }))
      for (let from = 0; from < running.length; from += RENEWED_AT_ONCE) {
        const page = running.slice(from, from + RENEWED_AT_ONCE)
        const { scopes, args } = renewalArguments(page)
        const [unknown, refused] = await redis.renewHolds(PREFIX, ...args)
        for (const reply of refused) renewed[from + reply[0]] = readNoRoom(page[reply[0]]!.id, scopes, reply)
        for (let i = 0; i < unknown.length; i += REMEMBERED_AT_ONCE) {
          const forgotten = unknown.slice(i, i + REMEMBERED_AT_ONCE).map(index => from + index)
          const kinds = await redis.rememberHolds(
            PREFIX,
            ...holdArguments(forgotten.map(index => running[index]!)),
          )
          for (const [n, index] of forgotten.entries())
            renewed[index] = { id: running[index]!.id, kind: kinds[n]! }
        }
      }
      return renewed
    },

    /** Charges the actual cost of calls once, and appends ledger entries. Rejects while counters are being restored. */
    async settle(ended: Settlement[]): Promise<Settled[]> {
      return settlements.push(ended)
    },

    /** Charges at most `limit` calls whose replica died. Call it every two seconds: see sweep.lua. */
    async sweep(limit: number): Promise<Lost[]> {
      const lost = await redis.sweepLeases(PREFIX, limit)
      return lost.map(readLost)
    },

    /** Stores a new version of the configuration for every replica. Returns the newest version. */
    async raiseVersion(version: number): Promise<number> {
      return redis.raiseVersion(PREFIX, version)
    },

    /** Milliseconds since 1970 by Redis's clock. */
    async time(): Promise<number> {
      return redis.readTime(PREFIX)
    },

    /** Takes one token count from the scope's bucket. Returns the wait in milliseconds; 0 if the bucket had room. */
    async chargeCount(scope: Scope): Promise<number> {
      return redis.chargeCount(PREFIX, countArguments(scope))
    },

    /** Reads the current usage of scopes, as an admission would find it. Rejects while counters are being restored. */
    async state(scopes: Scope[]): Promise<{ at: number; states: ScopeState[] }> {
      const reply = await redis.readStates(PREFIX, limitArguments(scopes))
      return { at: reply[0], states: readStates(scopes, reply, 1) }
    },

    /** Reads only the windows of scopes, which is cheaper than `state`. Rejects while counters are being restored. */
    async spent(keys: string[]): Promise<{ at: number; spent: Record<'day' | 'month', Amounts>[] }> {
      const [at, spent] = await redis.readSpent(PREFIX, ...keys)
      return { at, spent: spent.map(readAmounts) }
    },
  }
}
