/** Loads the Lua scripts and declares the type of each reply. */

import { readFileSync } from 'node:fs'
import type { Cluster, Redis, Result } from 'ioredis'

/** The prefix of every key. Its hash tag keeps all keys of an admission on one node of a cluster. */
export const PREFIX = '{tollgate}:'

/** All scripts share these files. Their text comes first, in this order. */
const prelude = ['keys', 'calendar', 'bucket', 'scope', 'hold', 'memory']

/**
 * Redis above `maxmemory` refuses a script that writes, unless the script has this first line. Scripts that free memory
 * need it. The number of running calls bounds the data that they add.
 */
export const ALLOW_OOM = '#!lua flags=allow-oom\n'

const allowOom: ReadonlySet<string> = new Set([
  'renew',
  'remember',
  'settle',
  'sweep',
  'forget',
  'acknowledge',
  'create-group',
  'raise-version',
  'begin-rebuild',
  'restore',
  'make-room',
])

const scripts = {
  admitCall: 'admit',
  renewHolds: 'renew',
  rememberHolds: 'remember',
  settleCalls: 'settle',
  sweepLeases: 'sweep',
  forgetTombstones: 'forget',
  acknowledgeEntries: 'acknowledge',
  createGroup: 'create-group',
  makeRoom: 'make-room',
  raiseVersion: 'raise-version',
  readTime: 'time',
  readStates: 'state',
  readSpent: 'spent',
  chargeCount: 'charge-count',
  snapshotScopes: 'snapshot',
  listScopeKeys: 'scope-keys',
  beginRebuild: 'begin-rebuild',
  restoreCounters: 'restore',
} as const

type Arguments = [prefix: string, ...args: (string | number)[]]

/** The usage of one scope; null for an absent limit. */
export type StateReply = [
  requests: number | null,
  requestsFullIn: number | null,
  tokens: number | null,
  tokensFullIn: number | null,
  running: number,
  daySpent: number | null,
  dayHeld: number | null,
  monthSpent: number | null,
  monthHeld: number | null,
]

/** One scope's nano-dollars; null for 0. */
export type SpentReply = [
  daySpent: string | null,
  dayHeld: string | null,
  monthSpent: string | null,
  monthHeld: string | null,
]

export type AdmitReply =
  | [kind: 'granted' | 'hit', at: number, states: StateReply[]]
  | [kind: 'stale', version: number]
  | [kind: 'rebuilding' | 'settled' | 'ledger_full']
  | RefusedReply

export type RefusedReply = [
  kind: 'refused',
  at: number,
  states: StateReply[],
  scope: number,
  limit: 'requests' | 'tokens' | 'concurrency' | 'loop' | 'count_tokens' | 'day' | 'month',
  wait: number | null,
  verdict?: 'can_never_fit' | 'in_flight' | 'spent',
  limitNanos?: number,
  spentNanos?: number,
  heldNanos?: number,
  resetsAt?: number,
]

export type NoRoomReply = [
  call: number,
  scope: number,
  limit: 'day' | 'month',
  limitNanos: number,
  spentNanos: number,
  heldNanos: number,
]

export type OverspentReply = [
  key: string,
  name: string,
  period: 'day' | 'month',
  window: string,
  limit: number,
  spent: number,
]

export type SettleReply = [
  kind: 'settled' | 'corrected' | 'already',
  held: number,
  charged: number,
  overspent?: OverspentReply[],
]

export type SweepReply = [id: string, nanos: number, entry: string, overspent?: OverspentReply[]]

declare module 'ioredis' {
  interface RedisCommander<Context> {
    admitCall(...args: Arguments): Result<AdmitReply, Context>
    renewHolds(...args: Arguments): Result<[unknown: number[], refused: NoRoomReply[]], Context>
    rememberHolds(...args: Arguments): Result<('remembered' | 'renewed' | 'settled' | 'lost')[], Context>
    settleCalls(...args: Arguments): Result<SettleReply[], Context>
    sweepLeases(...args: Arguments): Result<SweepReply[], Context>
    forgetTombstones(...args: Arguments): Result<number, Context>
    acknowledgeEntries(...args: Arguments): Result<number, Context>
    createGroup(...args: Arguments): Result<number, Context>
    makeRoom(...args: Arguments): Result<[used: number, max: number, evicted: number], Context>
    raiseVersion(...args: Arguments): Result<number, Context>
    chargeCount(...args: Arguments): Result<number, Context>
    readTime(...args: Arguments): Result<number, Context>
    readStates(...args: Arguments): Result<[at: number, states: StateReply[]], Context>
    readSpent(...args: Arguments): Result<[at: number, spent: SpentReply[]], Context>
    snapshotScopes(...args: Arguments): Result<[lastId: string, scopes: string[][]], Context>
    listScopeKeys(...args: Arguments): Result<[cursor: string, keys: string[]], Context>
    beginRebuild(...args: Arguments): Result<'begun' | 'busy' | 'complete', Context>
    restoreCounters(...args: Arguments): Result<'restored' | 'complete' | 'lost' | 'pending', Context>
  }
}

/** Defines the scripts as commands. Only tests pass a clock. */
export function defineScripts(redis: Redis | Cluster, clock = read('prelude/clock')): void {
  const shared = prelude.map(name => read(`prelude/${name}`)).join('')
  for (const [command, name] of Object.entries(scripts)) {
    const flags = allowOom.has(name) ? ALLOW_OOM : ''
    redis.defineCommand(command, { numberOfKeys: 1, lua: flags + clock + shared + read(name) })
  }
}

function read(name: string): string {
  return readFileSync(new URL(`${name}.lua`, import.meta.url), 'utf8')
}
