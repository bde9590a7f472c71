/** Typed functions for the ledger: read the counters to compare them with Postgres, and restore them from it. */

import type { Cluster, Redis } from 'ioredis'
import { defineScripts, PREFIX } from './scripts.ts'

/** The amounts of one window of one scope. */
export interface WindowCounter {
  scope: string
  /** Name from `windowsAt`. */
  window: string
  spentNanos: number
  heldNanos: number
}

export interface Snapshot {
  /** The id of the last entry in the ledger's stream at the time of the reading; `0-0` without an entry. */
  lastId: string
  windows: WindowCounter[]
}

/** The counters and tombstones that Redis has lost, from Postgres. */
export interface Restored {
  windows: { scope: string; window: string; spentNanos: number | bigint }[]
  /** The last entries of ended calls: settled in the last hour, or lost in the last seven days. */
  calls: ({ id: string; seq: number } | { id: string; lost: { at: number; nanos: number | bigint } })[]
}

/** A replica loses the rebuild lock if it sends nothing for this time. */
const TURN_MS = 60_000

export type LedgerScripts = ReturnType<typeof createLedgerScripts>

export function createLedgerScripts(redis: Redis | Cluster, options: { clock?: string } = {}) {
  defineScripts(redis, options.clock)

  return {
    /** Sets an expiry on the tombstones of entries that are in Postgres. Call it before the entries leave the stream. */
    async forget(entries: { id: string; seq: number | string }[]): Promise<void> {
      if (entries.length === 0) return
      await redis.forgetTombstones(PREFIX, ...entries.flatMap(({ id, seq }) => [id, seq]))
    },

    /** Reads the windows of these scopes and the ledger's last entry at the same time. A hundred scopes take Redis a millisecond. */
    async snapshot(scopes: string[]): Promise<Snapshot> {
      const [lastId, hashes] = await redis.snapshotScopes(PREFIX, ...scopes)
      return { lastId, windows: hashes.flatMap((hash, i) => readWindows(scopes[i]!, hash)) }
    },

    /** Lists every scope with counters, in pages. A scope may come twice. */
    async *scopeKeys(): AsyncGenerator<string[]> {
      let cursor = '0'
      do {
        const [next, keys] = await redis.listScopeKeys(PREFIX, cursor)
        if (keys.length > 0) yield keys
        cursor = next
      } while (cursor !== '0')
    },

    /**
     * Only one replica at a time restores counters:
     * 1. Call `begin` until it returns 'begun' ('busy': another replica has the lock; 'complete': nothing to restore).
     * 2. Wait until every running call is renewed once, and drain the stream. Settlements wait, so no new entries come.
     * 3. Read the sums in Postgres, and `restore` them in pages of some hundred rows. The last page has `version` and
     *    completes the counters. Holds and leases do not change.
     */
    async begin(token: string): Promise<'begun' | 'busy' | 'complete'> {
      return redis.beginRebuild(PREFIX, token, TURN_MS)
    },

    /** 'restored': send the next page. 'complete': done. 'lost': the lock is lost, so begin again. 'pending': the stream is not empty. */
    async restore(
      token: string,
      { windows, calls }: Restored,
      version?: number,
    ): Promise<'restored' | 'complete' | 'lost' | 'pending'> {
      return redis.restoreCounters(
        PREFIX,
        token,
        TURN_MS,
        version ?? '',
        windows.length,
        ...windows.flatMap(({ scope, window, spentNanos }) => [scope, window, String(spentNanos)]),
        ...calls.flatMap(call => [call.id, tombstone(call)]),
      )
    },
  }
}

function tombstone(call: Restored['calls'][number]): string {
  return 'lost' in call ? `lost ${call.lost.at} ${call.lost.nanos}` : `settled ${call.seq}`
}

function readWindows(scope: string, hash: string[]): WindowCounter[] {
  const windows = new Map<string, WindowCounter>()
  for (let i = 0; i < hash.length; i += 2) {
    const [, window, part] = /^([dm]\d+):(spent|held)$/.exec(hash[i]!) ?? []
    if (window === undefined) continue
    const counter = windows.get(window) ?? { scope, window, spentNanos: 0, heldNanos: 0 }
    counter[part === 'spent' ? 'spentNanos' : 'heldNanos'] = Number(hash[i + 1])
    windows.set(window, counter)
  }
  return [...windows.values()]
}
