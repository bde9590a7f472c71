/** The types of the scripts' arguments and results. Money is whole nano-dollars; times are milliseconds since 1970 by Redis's clock. */

import type { Bucket } from './bucket.ts'

/** Redis counts money without a limit too, so that a budget set at noon includes the morning's spend. */
export const UNLIMITED = -1

/** A set of limits that a call must fit. Redis counts a window or bucket only if the scope has its limit. */
export interface Scope {
  /** The key of the counters: `client:<id>`, `team:<id>`, `gateway`, `loop:…`, `count:<client id>`. */
  key: string
  /** The name in refusals: `client:frontend`. */
  name: string
  requests?: Bucket
  tokens?: Bucket
  concurrency?: number
  /** Limits in nano-dollars of the UTC calendar day and month. `UNLIMITED` counts and refuses nothing. */
  day?: number
  month?: number
  /** Bucket of the loop brake. Its scope counts nothing else. */
  loop?: Bucket
  /** Bucket of token counts, in a scope of its own. Refusals use this name. */
  count_tokens?: Bucket
}

/** What the end of a call needs of its reservation. */
export interface Reserved {
  scopes: Scope[]
  tokens: number
  nanos: number
}

/** The amounts that one call reserves in all its scopes. It does not change after its admission, because later scripts send it again. */
export interface Reservation extends Reserved {
  /** Units of the `requests` buckets: 0 for token counts. Absent: 1. */
  requests?: 0 | 1
  /** Data of the ledger entry if the call is lost with its replica. */
  entry: Record<string, unknown>
}

/** The bucket has `remaining` units now, and is full in `resetMs` milliseconds. */
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

/** The current usage of a scope: after a grant, or at the time of a refusal. */
export interface ScopeState {
  key: string
  name: string
  requests?: BucketState
  tokens?: BucketState
  /** Number of running calls. */
  running: number
  concurrency?: number
  day?: WindowState
  month?: WindowState
}

/** Returns true if Redis has lost its counters. */
export function isRebuilding(error: unknown): boolean {
  return error instanceof Error && error.message.startsWith('REBUILDING')
}

/** Returns the error that the scripts reject with. */
export function rebuilding(): Error {
  return new Error('REBUILDING Redis has lost its counters; they are being restored from the ledger')
}

export type Admitted =
  /** `at` is the time of the admission, by Redis's clock; `states` has the usage of the first scope only. */
  | { kind: 'granted'; at: number; states: ScopeState[] }
  /** The cache has a response. The call took a request and counts for the loop brake; it has no hold. */
  | { kind: 'hit'; at: number; states: ScopeState[]; response: Buffer }
  | Refused
  /** The replica decided with an old configuration. It must load this version and decide again. */
  | { kind: 'stale'; version: number }
  /** Redis has lost its counters; they are being restored from the ledger. */
  | { kind: 'rebuilding' }
  | { kind: 'ledger_full' }
  /** The call has ended. */
  | { kind: 'settled' }

export interface Refused {
  kind: 'refused'
  at: number
  /** `name` of the scope. */
  scope: string
  limit: 'requests' | 'tokens' | 'concurrency' | 'loop' | 'count_tokens' | 'day' | 'month'
  /** Exact for a bucket; an estimate if running calls must end first; absent if waiting does not help. */
  retryAfterMs?: number
  /** Only for `day` and `month`, as are the amounts. */
  verdict?: 'can_never_fit' | 'in_flight' | 'spent'
  limitNanos?: number
  spentNanos?: number
  heldNanos?: number
  resetsAt?: number
  states: ScopeState[]
}

export interface Running {
  id: string
  /** `nanos` is the present hold. */
  reservation: Reservation
  at: number
  /** The hold that the call needs now. If it is absent or less than the present hold, the hold does not change. */
  needs?: number
}

export type Renewed =
  /** `remembered`: Redis had lost the hold, and has it again. `settled`, `lost`: the call has ended. */
  { id: string; kind: 'renewed' | 'remembered' | 'settled' | 'lost' } | NoRoom

/** A budget has no room for the hold that the call needs. The present hold does not change. */
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
  /** Of the reservation that `admit` got. */
  reservation: Reserved
  /** Time of the admission; undefined if Redis sent no reply. */
  at?: number
  /** Actual cost of the call. */
  nanos: number
  /** Tokens used; undefined if unknown: then the reserved tokens count as used. */
  tokens: number | undefined
  /** Data of the ledger entry. As JSON it takes less memory until Postgres has it. */
  entry: object | string
  /** The call was not served and costs nothing: it gets no row in the ledger. */
  isRefused?: boolean
}

export interface Settled {
  /** `corrected`: the call was charged as lost before. `already`: a repeat. */
  kind: 'settled' | 'corrected' | 'already'
  heldNanos: number
  chargedNanos: number
  /** The cost above the hold. Expected: 0. */
  overspendNanos: number
  overspent?: Overspent[]
}

/** A budget whose spend is above its limit at the admission. Expected: none. */
export interface Overspent {
  /** `key` of the scope. */
  key: string
  name: string
  period: 'day' | 'month'
  /** Name from `windowsAt`. */
  window: string
  limitNanos: number
  spentNanos: number
}

/** A call whose replica died. */
export interface Lost {
  id: string
  /** The charge: the whole hold. */
  nanos: number
  /** `entry` of the reservation. */
  entry: Record<string, unknown>
  overspent?: Overspent[]
}
