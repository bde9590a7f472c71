/** What the scripts take and return. Money is whole nano-dollars; times are milliseconds since 1970, by Redis's clock. */

import type { Bucket } from './bucket.ts'

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

/** What one call reserves, of all its scopes at once. */
export interface Reservation {
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
  reservation: Reservation
  at: number
  /** The hold it needs now. Absent, or less than the present hold: the hold stays. */
  needs?: number
}

export type Renewed =
  /** `remembered`: Redis had lost it, and holds its reservation again. `settled`, `lost`: the call has ended. */
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
  reservation: Reservation
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
  /** The facts that its reservation brought for this case. */
  entry: Record<string, unknown>
  overspent?: Overspent[]
}
