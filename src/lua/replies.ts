/** Converts the replies of the scripts to their types. */

import type {
  AdmitReply,
  NoRoomReply,
  OverspentReply,
  SettleReply,
  SpentReply,
  SweepReply,
  Usage,
} from './scripts.ts'
import type {
  Admitted,
  Amounts,
  BucketState,
  Lost,
  NoRoom,
  Overspent,
  Scope,
  ScopeState,
  Settled,
  Settlement,
  WindowState,
} from './types.ts'

/** Where the usage of the scopes begins in each reply. */
const GRANTED_USAGE = 2
const HIT_USAGE = 3
const REFUSED_USAGE = 10
const VALUES_OF_A_SCOPE = 9

export function readAdmitted(scopes: Scope[], reply: AdmitReply): Admitted {
  switch (reply[0]) {
    case 'granted':
      return { kind: 'granted', at: reply[1], states: firstState(scopes, reply, GRANTED_USAGE) }
    case 'hit': {
      const [, at, response] = reply
      const states = firstState(scopes, reply, HIT_USAGE)
      return { kind: 'hit', at, states, response: Buffer.from(response, 'latin1') }
    }
    case 'refused': {
      const [, at, scope, limit, wait, verdict, limitNanos, spentNanos, heldNanos, resetsAt] = reply
      return {
        kind: 'refused',
        at,
        scope: scopes[scope]!.name,
        limit,
        ...(wait !== null && { retryAfterMs: wait }),
        ...(verdict !== null && { verdict, limitNanos, spentNanos, heldNanos, resetsAt }),
        states: readStates(scopes, reply, REFUSED_USAGE),
      }
    }
    case 'stale':
      return { kind: 'stale', version: reply[1] }
    default:
      return { kind: reply[0] }
  }
}

function firstState([scope]: Scope[], reply: readonly unknown[], first: number): ScopeState[] {
  return scope ? readStates([scope], reply, first) : []
}

/** Reads the usage of scopes, which follows the first values of a reply. */
export function readStates(scopes: Scope[], reply: readonly unknown[], first: number): ScopeState[] {
  const usage = reply as Usage
  return scopes.map((scope, i) => readState(scope, usage, first + i * VALUES_OF_A_SCOPE))
}

function readState(scope: Scope, usage: Usage, at: number): ScopeState {
  const state: ScopeState = { key: scope.key, name: scope.name, running: usage[at + 4] ?? 0 }
  if (scope.concurrency !== undefined) state.concurrency = scope.concurrency
  if (scope.requests) state.requests = bucketState(scope.requests.capacity, usage, at)
  if (scope.tokens) state.tokens = bucketState(scope.tokens.capacity, usage, at + 2)
  if (scope.day !== undefined) state.day = windowState(scope.day, usage, at + 5)
  if (scope.month !== undefined) state.month = windowState(scope.month, usage, at + 7)
  return state
}

function bucketState(limit: number, usage: Usage, at: number): BucketState {
  return { limit, remaining: usage[at] ?? limit, resetMs: usage[at + 1] ?? 0 }
}

function windowState(limitNanos: number, usage: Usage, at: number): WindowState {
  return { limitNanos, spentNanos: usage[at] ?? 0, heldNanos: usage[at + 1] ?? 0 }
}

export function readAmounts([daySpent, dayHeld, monthSpent, monthHeld]: SpentReply) {
  const amounts = (spent: string | null, held: string | null): Amounts => ({
    spentNanos: Number(spent ?? 0),
    heldNanos: Number(held ?? 0),
  })
  return { day: amounts(daySpent, dayHeld), month: amounts(monthSpent, monthHeld) }
}

export function readNoRoom(id: string, scopes: Scope[], reply: NoRoomReply): NoRoom {
  const [, scope, limit, limitNanos, spentNanos, heldNanos] = reply
  return { id, kind: 'no_room', scope: scopes[scope]!.name, limit, limitNanos, spentNanos, heldNanos }
}

export function readSettled(settlements: Settlement[], [results, overspent]: SettleReply): Settled[] {
  const settled = results.map(([kind, heldNanos, chargedNanos]): Settled => {
    return { kind, heldNanos, chargedNanos, overspendNanos: Math.max(0, chargedNanos - heldNanos) }
  })
  for (const [call, budgets] of overspent) {
    const { scopes } = settlements[call]!.reservation
    settled[call]!.overspent = budgets.map(([scope, ...rest]) => readOverspent(scopes[scope]!, rest))
  }
  return settled
}

export function readLost([id, nanos, entry, overspent]: SweepReply): Lost {
  return {
    id,
    nanos,
    entry: JSON.parse(entry),
    ...(overspent && {
      overspent: overspent.map(([[key, name], ...rest]) => readOverspent({ key, name }, rest)),
    }),
  }
}

function readOverspent(
  { key, name }: Pick<Scope, 'key' | 'name'>,
  [period, window, limitNanos, spentNanos]: OverspentReply,
): Overspent {
  return { key, name, period, window, limitNanos, spentNanos }
}
