/** Loads the Lua scripts and declares the type of each reply. */

import { readFileSync } from 'node:fs'
import type { Cluster, Redis, Result } from 'ioredis'
import { prepareScript } from '../redis/script.ts'

/** The prefix of every key. Its hash tag keeps all keys of an admission on one node of a cluster. */
export const PREFIX = '{tollgate}:'

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

/** Each part of the prelude uses those before it. A script gets only the parts that it needs: Redis runs them with each call. */
const counters = ['calendar', 'bucket', 'scope'] as const
const admission = [...counters, 'hold', 'take', 'usage'] as const
const end = [...counters, 'hold', 'charge', 'end'] as const

/** The file of each command, and its parts of the prelude after `keys`. */
const scripts = {
  admitCalls: { file: 'admit', prelude: admission },
  renewHolds: { file: 'renew', prelude: ['calendar', 'hold'] },
  rememberHolds: { file: 'remember', prelude: [...counters, 'hold', 'take'] },
  settleCalls: { file: 'settle', prelude: end },
  sweepLeases: { file: 'sweep', prelude: [...end, 'read-hold'] },
  forgetTombstones: { file: 'forget', prelude: [] },
  acknowledgeEntries: { file: 'acknowledge', prelude: [] },
  createGroup: { file: 'create-group', prelude: [] },
  makeRoom: { file: 'make-room', prelude: ['memory'] },
  raiseVersion: { file: 'raise-version', prelude: [] },
  readTime: { file: 'time', prelude: [] },
  readStates: { file: 'state', prelude: [...counters, 'usage'] },
  readSpent: { file: 'spent', prelude: ['calendar'] },
  chargeCount: { file: 'charge-count', prelude: counters },
  snapshotScopes: { file: 'snapshot', prelude: [] },
  listScopeKeys: { file: 'scope-keys', prelude: [] },
  beginRebuild: { file: 'begin-rebuild', prelude: [] },
  restoreCounters: { file: 'restore', prelude: counters },
} as const

/** The commands that every call uses. */
const ofCalls: ReadonlySet<string> = new Set(['admitCalls', 'settleCalls'])

type Arguments = [prefix: string, ...args: (string | number)[]]

/** Nine values for each scope, null for an absent limit: see describe() in usage.lua. */
export type Usage = (number | null)[]

/** One scope's nano-dollars; null for 0. */
export type SpentReply = [
  daySpent: string | null,
  dayHeld: string | null,
  monthSpent: string | null,
  monthHeld: string | null,
]

export type AdmitReply =
  | [kind: 'granted', at: number, ...Usage]
  | [kind: 'hit', at: number, response: string, ...Usage]
  | [kind: 'stale', version: number]
  | [kind: 'rebuilding' | 'settled' | 'ledger_full']
  | [
      kind: 'refused',
      at: number,
      scope: number,
      limit: 'requests' | 'tokens' | 'concurrency' | 'loop' | 'count_tokens' | 'day' | 'month',
      wait: number | null,
      verdict: 'can_never_fit' | 'in_flight' | 'spent' | null,
      limitNanos: number,
      spentNanos: number,
      heldNanos: number,
      resetsAt: number,
      ...Usage,
    ]

export type NoRoomReply = [
  call: number,
  scope: number,
  limit: 'day' | 'month',
  limitNanos: number,
  spentNanos: number,
  heldNanos: number,
]

export type OverspentReply = [period: 'day' | 'month', window: string, limit: number, spent: number]

export type SettleReply = [
  results: [kind: 'settled' | 'corrected' | 'already', held: number, charged: number][],
  overspent: [call: number, budgets: [scope: number, ...OverspentReply][]][],
]

export type SweepReply = [
  id: string,
  nanos: number,
  entry: string,
  overspent?: [scope: [key: string, name: string], ...OverspentReply][],
]

declare module 'ioredis' {
  interface RedisCommander<Context> {
    admitCalls(...args: Arguments): Result<AdmitReply[], Context>
    renewHolds(...args: Arguments): Result<[unknown: number[], refused: NoRoomReply[]], Context>
    rememberHolds(...args: Arguments): Result<('remembered' | 'renewed' | 'settled' | 'lost')[], Context>
    settleCalls(...args: Arguments): Result<SettleReply, Context>
    sweepLeases(...args: Arguments): Result<SweepReply[], Context>
    forgetTombstones(...args: Arguments): Result<number, Context>
    acknowledgeEntries(...args: Arguments): Result<number, Context>
    createGroup(...args: Arguments): Result<number, Context>
    makeRoom(...args: Arguments): Result<[used: number, max: number, evicted: number], Context>
    raiseVersion(...args: Arguments): Result<number, Context>
    chargeCount(...args: Arguments): Result<number, Context>
    readTime(...args: Arguments): Result<number, Context>
    readStates(...args: Arguments): Result<[at: number, ...Usage], Context>
    readSpent(...args: Arguments): Result<[at: number, spent: SpentReply[]], Context>
    snapshotScopes(...args: Arguments): Result<[lastId: string, scopes: string[][]], Context>
    listScopeKeys(...args: Arguments): Result<[cursor: string, keys: string[]], Context>
    beginRebuild(...args: Arguments): Result<'begun' | 'busy' | 'complete', Context>
    restoreCounters(...args: Arguments): Result<'restored' | 'complete' | 'lost' | 'pending', Context>
  }
}

/** Defines the scripts as commands. Only tests pass a clock. */
export function defineScripts(redis: Redis | Cluster, clock = read('prelude/clock')): void {
  for (const [command, { file, prelude }] of Object.entries(scripts)) {
    const flags = allowOom.has(file) ? ALLOW_OOM : ''
    const parts = ['keys', ...prelude].map(part => read(`prelude/${part}`))
    const lua = [flags, clock, ...parts, read(file)].join('')
    if (ofCalls.has(command)) Object.assign(redis, { [command]: prepareScript(redis, lua, 1) })
    else redis.defineCommand(command, { numberOfKeys: 1, lua })
  }
}

function read(name: string): string {
  return readFileSync(new URL(`${name}.lua`, import.meta.url), 'utf8')
}
