/** Encodes the arguments of the scripts. */

import type { Reservation, Running, Scope, Settlement } from './types.ts'

const texts = new WeakMap<Scope, string>()
const encoded = new WeakMap<Reservation, { limits: string; entry: string }>()

/** Encodes a reservation once. Later scripts get the same text, even if the reservation has changed. */
export function encode(reservation: Reservation): { limits: string; entry: string } {
  const before = encoded.get(reservation)
  if (before) return before
  const { scopes, requests = 1, tokens, nanos, entry } = reservation
  if (!isAmount(tokens) || !isAmount(nanos)) {
    throw new RangeError(
      `a reservation of ${tokens} tokens and ${nanos} nanos; expected whole numbers of at least 0`,
    )
  }
  const text = {
    limits: `{"scopes":[${scopes.map(textOf).join()}],${requests === 0 ? '"requests":0,' : ''}"tokens":${tokens},"nanos":${nanos}}`,
    entry: JSON.stringify({ ...entry, outcome: 'lost', estimated: true, estimate: 'the hold' }),
  }
  encoded.set(reservation, text)
  return text
}

/** Encodes a scope once, because all calls of a client share it. */
function textOf(scope: Scope): string {
  const before = texts.get(scope)
  if (before !== undefined) return before
  const text = JSON.stringify(scope)
  texts.set(scope, text)
  return text
}

/** For `renewHolds`. Calls with the same scopes form a group. Only scopes with a budget are included. */
export function renewalArguments(running: Running[]): { scopes: Scope[]; args: (string | number)[] } {
  const scopes: Scope[] = []
  const scopeIndexes = new Map<string, number>()
  const groupIndexes = new Map<string, number>()
  const indexOf = (scope: Scope) => {
    const text = limitsOf(scope)
    const index = scopeIndexes.get(text) ?? scopes.push(scope)
    scopeIndexes.set(text, index)
    return index
  }
  const calls = running.flatMap(({ id, reservation, needs }) => {
    const group = `[${reservation.scopes.filter(hasBudget).map(indexOf)}]`
    const index = groupIndexes.get(group) ?? groupIndexes.size + 1
    groupIndexes.set(group, index)
    return [id, index, needs ?? 0]
  })
  return { scopes, args: [`[${[...scopeIndexes.keys()]}]`, `[${[...groupIndexes.keys()]}]`, ...calls] }
}

function hasBudget({ day, month }: Scope): boolean {
  return day !== undefined || month !== undefined
}

function limitsOf({ key, day, month }: Scope): string {
  return JSON.stringify({ key, day, month })
}

/** For `rememberHolds`. */
export function holdArguments({ id, reservation, at }: Running): (string | number)[] {
  const { limits, entry } = encode(reservation)
  return [id, at, limits, entry]
}

/** For `settleCalls`. An invalid amount must not block the other settlements or be free, so the reserved amount replaces it. */
export function settlementArguments({
  id,
  reservation,
  at,
  nanos,
  tokens,
  entry,
  isRefused,
}: Settlement): (string | number)[] {
  return [
    id,
    at ?? '',
    encode(reservation).limits,
    isAmount(nanos) ? nanos : reservation.nanos,
    tokens !== undefined && isAmount(tokens) ? tokens : '',
    JSON.stringify(entry),
    isRefused ? 'refused' : '',
  ]
}

function isAmount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
