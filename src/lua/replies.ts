/** Converts the replies of the scripts to their types. */

import type {
  NoRoomReply,
  OverspentReply,
  RefusedReply,
  SettleReply,
  SpentReply,
  StateReply,
  SweepReply,
} from './scripts.ts'
import type {
  Amounts,
  BucketState,
  Lost,
  NoRoom,
  Overspent,
  Refused,
  Scope,
  ScopeState,
  Settled,
  WindowState,
} from './types.ts'

export function readStates(scopes: Scope[], replies: StateReply[]): ScopeState[] {
  return replies.map((reply, i) => readState(scopes[i]!, reply))
}

function readState(scope: Scope, reply: StateReply): ScopeState {
  const [requests, requestsFullIn, tokens, tokensFullIn, running, daySpent, dayHeld, monthSpent, monthHeld] =
    reply
  const state: ScopeState = { key: scope.key, name: scope.name, running }
  if (scope.concurrency !== undefined) state.concurrency = scope.concurrency
  if (scope.requests) state.requests = bucketState(scope.requests.capacity, requests, requestsFullIn)
  if (scope.tokens) state.tokens = bucketState(scope.tokens.capacity, tokens, tokensFullIn)
  if (scope.day !== undefined) state.day = windowState(scope.day, daySpent, dayHeld)
  if (scope.month !== undefined) state.month = windowState(scope.month, monthSpent, monthHeld)
  return state
}

function bucketState(limit: number, remaining: number | null, fullIn: number | null): BucketState {
  return { limit, remaining: remaining ?? limit, resetMs: fullIn ?? 0 }
}

function windowState(limitNanos: number, spent: number | null, held: number | null): WindowState {
  return { limitNanos, spentNanos: spent ?? 0, heldNanos: held ?? 0 }
}

export function readAmounts([daySpent, dayHeld, monthSpent, monthHeld]: SpentReply) {
  const amounts = (spent: string | null, held: string | null): Amounts => ({
    spentNanos: Number(spent ?? 0),
    heldNanos: Number(held ?? 0),
  })
  return { day: amounts(daySpent, dayHeld), month: amounts(monthSpent, monthHeld) }
}

export function readRefusal(scopes: Scope[], reply: RefusedReply): Refused {
  const [, at, states, scope, limit, wait, verdict, limitNanos, spentNanos, heldNanos, resetsAt] = reply
  return {
    kind: 'refused',
    at,
    scope: scopes[scope]!.name,
    limit,
    ...(wait !== null && { retryAfterMs: wait }),
    ...(verdict !== undefined && { verdict, limitNanos, spentNanos, heldNanos, resetsAt }),
    states: readStates(scopes, states),
  }
}

export function readNoRoom(id: string, scopes: Scope[], reply: NoRoomReply): NoRoom {
  const [, scope, limit, limitNanos, spentNanos, heldNanos] = reply
  return { id, kind: 'no_room', scope: scopes[scope]!.name, limit, limitNanos, spentNanos, heldNanos }
}

export function readSettled([kind, heldNanos, chargedNanos, overspent]: SettleReply): Settled {
  const overspendNanos = Math.max(0, chargedNanos - heldNanos)
  return {
    kind,
    heldNanos,
    chargedNanos,
    overspendNanos,
    ...(overspent && { overspent: overspent.map(readOverspent) }),
  }
}

export function readLost([id, nanos, entry, overspent]: SweepReply): Lost {
  return {
    id,
    nanos,
    entry: JSON.parse(entry),
    ...(overspent && { overspent: overspent.map(readOverspent) }),
  }
}

function readOverspent([key, name, period, window, limitNanos, spentNanos]: OverspentReply): Overspent {
  return { key, name, period, window, limitNanos, spentNanos }
}
