/**
 * The money core, typed: admissions, leases, settlements and what restores them, each one script that Redis runs as one
 * step on its own clock. Money is whole nano-dollars, time milliseconds since 1970.
 */

import type { Cluster, Redis } from 'ioredis'
import { encode, holdOf, renewalOf, truthOf } from './arguments.ts'
import type { Bucket } from './bucket.ts'
import { readAmounts, readLost, readNoRoom, readRefusal, readSettled, readStates } from './replies.ts'
import { defineScripts, PREFIX } from './scripts.ts'

/** A budget set at noon knows what the morning spent: money is counted where nothing limits it, too. */
export const UNLIMITED = -1

/** Something with limits that a call must fit. Windows and buckets are counted where a limit is named. */
export interface Scope {
  /** `client:<id>`, `team:<id>`, `gateway`, `loop:…`, `count:<client id>`: counters hang on it. */
  key: string
  /** What a refusal says: `client:frontend`. */
  name: string
  requests?: Bucket
  tokens?: Bucket
  concurrency?: number
  /** Limits in nano-dollars of the UTC calendar day and month; `UNLIMITED` is counted, and refuses nothing. */
  day?: number
  month?: number
  /** The runaway-loop brake: a bucket of requests, in a scope of its own that counts nothing else. */
  loop?: Bucket
  /** Bucket of token counts, in its own scope; the name is the one in refusals. */
  count_tokens?: Bucket
}

/** What one call wants, of all its scopes at once. */
export interface Claim {
  scopes: Scope[]
  /** Units of the `requests` buckets: 0 for token counts. Absent: 1. */
  requests?: 0 | 1
  tokens: number
  nanos: number
  /** Facts for the ledger, should the call be lost with its replica. */
  entry: Record<string, unknown>
}

/** `remaining` units are there now; in `resetMs` milliseconds it is full. */
export interface BucketState {
  limit: number
  remaining: number
  resetMs: number
}

export interface WindowState {
  limitNanos: number
  spentNanos: number
  heldNanos: number
}

/** The amounts of a window, without its limit. */
export type Amounts = Omit<WindowState, 'limitNanos'>

/** Where a scope stands: after what was granted, or as a refusal found it. */
export interface ScopeState {
  key: string
  name: string
  requests?: BucketState
  tokens?: BucketState
  /** Calls running. */
  running: number
  concurrency?: number
  day?: WindowState
  month?: WindowState
}

/** Was it rejected because Redis has lost its counters? */
export function isRebuilding(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('REBUILDING')
}

/** The same error as the scripts reject with. */
export function rebuilding(): Error {
  return new Error('REBUILDING Redis has lost its counters; they are being restored from the ledger')
}

export type Admitted =
  /** `at` is the time of the admission, by Redis's clock. */
  | { kind: 'granted'; at: number; states: ScopeState[] }
  /** An answer is kept: a request was taken, the loop brake counted it, nothing is held. */
  | { kind: 'hit'; at: number; states: ScopeState[] }
  | Refused
  /** The replica decided with an old configuration: load this one, decide again. */
  | { kind: 'stale'; version: number }
  /** Redis has lost its counters; they are being restored from the ledger. */
  | { kind: 'rebuilding' }
  | { kind: 'ledger_full' }
  /** This call has ended already. */
  | { kind: 'settled' }

export interface Refused {
  kind: 'refused'
  at: number
  /** `name` of the scope, and which of its limits. */
  scope: string
  limit: 'requests' | 'tokens' | 'concurrency' | 'loop' | 'count_tokens' | 'day' | 'month'
  /** A bucket's true wait; an estimate where running calls are in the way; absent where waiting is no help. */
  retryAfterMs?: number
  /** For `day` and `month`, with the numbers. */
  verdict?: 'can_never_fit' | 'in_flight' | 'spent'
  limitNanos?: number
  spentNanos?: number
  heldNanos?: number
  resetsAt?: number
  states: ScopeState[]
}

export interface Running {
  id: string
  /** With the amount that it holds now. */
  claim: Claim
  at: number
  /** The hold it needs now. Absent, or less than the present hold: the hold stays. */
  needs?: number
}

export type Renewed =
  /** `remembered`: Redis had lost it, and holds its claim again. `settled`, `lost`: the call has ended. */
  { id: string; kind: 'renewed' | 'remembered' | 'settled' | 'lost' } | NoRoom

/** A budget has no room for the hold that the call needs. Its present hold stays. */
export interface NoRoom {
  id: string
  kind: 'no_room'
  /** `name` of the scope. */
  scope: string
  limit: 'day' | 'month'
  limitNanos: number
  spentNanos: number
  heldNanos: number
}

export interface Settlement {
  id: string
  /** As it was sent to `admit`. */
  claim: Claim
  /** Time of the admission; undefined if no answer to it came. */
  at?: number
  /** What the call cost. */
  nanos: number
  /** Undefined: nobody knows; each bucket keeps what was taken of it. */
  tokens: number | undefined
  /** Facts for the ledger. */
  entry: object
  /** The call was not served and costs nothing: it gets no row in the ledger. */
  isRefused?: boolean
}

export interface Settled {
  /** `corrected`: it had been charged as lost. `already`: a repetition. */
  kind: 'settled' | 'corrected' | 'already'
  heldNanos: number
  chargedNanos: number
  /** What it cost above its hold. Should be 0, always. */
  overspendNanos: number
  overspent?: Overspent[]
}

/** More is spent of a budget than it allowed when the call was admitted. Should never be. */
export interface Overspent {
  /** Of the scope. */
  key: string
  name: string
  period: 'day' | 'month'
  /** As `windowsAt` names it. */
  window: string
  limitNanos: number
  spentNanos: number
}

/** A call whose replica died. */
export interface Lost {
  id: string
  /** What it was charged: all it held. */
  nanos: number
  /** The facts that its claim brought for this case. */
  entry: Record<string, unknown>
  overspent?: Overspent[]
}

export type MoneyScripts = ReturnType<typeof createMoneyScripts>

/** No script may keep the others waiting: a page takes Redis some milliseconds at most. */
const RENEWED_AT_ONCE = 500
const REMEMBERED_AT_ONCE = 50

export function createMoneyScripts(redis: Redis | Cluster, options: { clock?: string } = {}) {
  defineScripts(redis, options.clock)

  return {
    /** Takes all that a call wants, or nothing. Sent again with the same id, it takes nothing more. */
    async admit(
      id: string,
      claim: Claim,
      { version, cacheKey = '', maxPending }: { version: number; cacheKey?: string; maxPending: number },
    ): Promise<Admitted> {
      const { limits, entry } = encode(claim)
      const reply = await redis.admitCall(PREFIX, id, limits, entry, version, maxPending, cacheKey)
      switch (reply[0]) {
        case 'granted':
        case 'hit':
          return { kind: reply[0], at: reply[1], states: readStates(claim.scopes, reply[2]) }
        case 'refused':
          return readRefusal(claim.scopes, reply)
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
