/** Redis as the ledger's keeper sees it: counters to compare with Postgres, and to restore from it. */

import type { Cluster, Redis } from 'ioredis'
import { defineScripts, PREFIX } from './scripts.ts'

/** What one window of one scope holds. */
export interface WindowCounter {
  scope: string
  /** As `windowsAt` names it. */
  window: string
  spentNanos: number
  heldNanos: number
}

export interface Snapshot {
  /** The last entry written to the ledger's stream when the counters were read; `0-0` if there was none. */
  lastId: string
  windows: WindowCounter[]
}

/** What Postgres knows and Redis has lost. */
export interface Restored {
  windows: { scope: string; window: string; spentNanos: number | bigint }[]
  /** Calls that have ended, by their last entry: those of the last hour, and those lost in the last seven days. */
  calls: ({ id: string; seq: number } | { id: string; lost: { at: number; nanos: number | bigint } })[]
}

/** A rebuilder that says nothing for so long has lost its turn. */
const TURN_MS = 60_000

export type LedgerScripts = ReturnType<typeof createLedgerScripts>

export function createLedgerScripts(redis: Redis | Cluster, options: { clock?: string } = {}) {
  defineScripts(redis, options.clock)

  return {
    /** Postgres has these entries: their tombstones may end. To be called before the entries leave the stream. */
    async forget(entries: { id: string; seq: number | string }[]): Promise<void> {
      if (entries.length === 0) return
      await redis.forgetTombstones(PREFIX, ...entries.flatMap(({ id, seq }) => [id, seq]))
    },

    /** The windows of these scopes, and the ledger's last entry, at one moment. A hundred scopes take Redis a millisecond. */
    async snapshot(scopes: string[]): Promise<Snapshot> {
      const [lastId, hashes] = await redis.snapshotScopes(PREFIX, ...scopes)
      return { lastId, windows: hashes.flatMap((hash, i) => readWindows(scopes[i]!, hash)) }
    },

    /** Every scope that has counters, in pages; one may come twice. */
    async *scopeKeys(): AsyncGenerator<string[]> {
      let cursor = '0'
      do {
        const [next, keys] = await redis.listScopeKeys(PREFIX, cursor)
        if (keys.length > 0) yield keys
        cursor = next
      } while (cursor !== '0')
    },

    /**
     * Restoring counters, by one replica at a time:
     * 1. `begin` until it says 'begun' ('busy': another one is at it; 'complete': no need).
     * 2. Let every running call be renewed once, and drain the stream to its end. Nothing new comes: settlements wait.
     * 3. Read the sums in Postgres, and `restore` them in pages of some hundred rows; the last page with `version`
     *    completes the counters. What holds and leases say is not touched.
     */
    async begin(token: string): Promise<'begun' | 'busy' | 'complete'> {
      return redis.beginRebuild(PREFIX, token, TURN_MS)
    },

    /** 'restored': go on. 'complete': done. 'lost': the turn was lost, begin again. 'pending': the stream is not empty. */
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
