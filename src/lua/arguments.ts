/**
 * Encodes the arguments of the scripts. Each script gets one JSON text of lists, because Redis decodes it faster than
 * objects or many arguments. A scope that several calls of a script share is in it once.
 */

import { type Bucket, ratio } from './bucket.ts'
import type { Reservation, Reserved, Running, Scope, Settlement } from './types.ts'

type Arguments = (string | number)[]

interface EncodedScope {
  limits: string
  /** Only what the end of a call needs. */
  held: string
  /** The number of the last list of scopes that has it, and its index there. */
  list: number
  index: number
}

/** One admission of a batch. */
export interface Admission {
  id: string
  reservation: Reservation
  version: number
  cacheKey: string | undefined
  /** Entries that may wait for Postgres. */
  maxPending: number
}

const encodedScopes = new WeakMap<Scope, EncodedScope>()

/** Rejects an amount that Redis cannot count. */
export function checkAmounts({ tokens, nanos }: Reserved): void {
  if (isAmount(tokens) && isAmount(nanos)) return
  throw new RangeError(
    `a reservation of ${tokens} tokens and ${nanos} nanos; expected whole numbers of at least 0`,
  )
}

/** Reservation and entry, as the hold has them. */
function holdOf({ scopes, tokens, nanos, entry }: Reservation): string {
  const held = scopesAtEnd(scopes)
    .map(scope => encodeScope(scope).held)
    .join()
  const lost = JSON.stringify({ ...entry, outcome: 'lost', estimated: true, estimate: 'the hold' })
  return `{"tokens":${tokens},"nanos":${nanos},"scopes":[${held}]}\n${lost}`
}

/** Encodes a scope once, because all calls of a client share it, except for the loop brake: its scope is of one call. */
function encodeScope(scope: Scope): EncodedScope {
  const before = encodedScopes.get(scope)
  if (before) return before
  const { key, name, concurrency, day, month, requests, tokens, loop, count_tokens } = scope
  const buckets = loop || count_tokens ? [requests, tokens, loop, count_tokens] : [requests, tokens]
  const amounts = `${concurrency ?? false},${day ?? false},${month ?? false}`
  const encoded = {
    limits: `[${JSON.stringify(key)},${amounts},${buckets.map(limitsOf).join()}]`,
    held: JSON.stringify({ key, name, tokens, day, month }),
    list: 0,
    index: 0,
  }
  if (!loop) encodedScopes.set(scope, encoded)
  return encoded
}

function limitsOf(bucket: Bucket | undefined): string {
  return bucket ? `${bucket.capacity},${ratio(bucket).join()}` : 'false,false,false'
}

/** The scopes that the end of a call changes: the loop brake counts only its beginning. */
export function scopesAtEnd(scopes: Scope[]): Scope[] {
  return scopes.filter(({ loop }) => loop === undefined)
}

let lists = 0

/** The limits of scopes, each once. Calls name them by their indexes, from 1. */
class ScopeList {
  private readonly number = ++lists
  private text = ''
  private length = 0

  /** `,1,2,3` */
  indexesOf(scopes: Scope[]): string {
    let indexes = ''
    for (const scope of scopes) {
      const encoded = encodeScope(scope)
      if (encoded.list !== this.number) {
        encoded.list = this.number
        encoded.index = ++this.length
        this.text += this.length === 1 ? encoded.limits : `,${encoded.limits}`
      }
      indexes += `,${encoded.index}`
    }
    return indexes
  }

  /** Scopes and calls in one text. */
  plan(calls: string[]): string {
    return `[[${this.text}],[${calls.join()}]]`
  }
}

/** For `admitCalls`. */
export function admissionArguments(admissions: Admission[]): string[] {
  const list = new ScopeList()
  const calls: string[] = []
  const args = ['']
  for (const { id, reservation, version, cacheKey, maxPending } of admissions) {
    const { scopes, requests = 1, tokens, nanos } = reservation
    const cached = cacheKey === undefined ? 'false' : JSON.stringify(cacheKey)
    const amounts = `${version},${maxPending},${requests},${tokens},${nanos}`
    calls.push(`[${JSON.stringify(id)},${amounts},${cached}${list.indexesOf(scopes)}]`)
    args.push(holdOf(reservation))
  }
  args[0] = list.plan(calls)
  return args
}

/** For `rememberHolds`. */
export function holdArguments(running: Running[]): string[] {
  const list = new ScopeList()
  const calls: string[] = []
  const args = ['']
  for (const { id, reservation, at } of running) {
    const { scopes, requests = 1, tokens, nanos } = reservation
    const amounts = `${at},${requests},${tokens},${nanos}`
    calls.push(`[${JSON.stringify(id)},${amounts}${list.indexesOf(scopes)}]`)
    args.push(holdOf(reservation))
  }
  args[0] = list.plan(calls)
  return args
}

/** For `settleCalls`. An invalid amount must not block the other settlements or be free, so the reserved amount replaces it. */
export function settlementArguments(settlements: Settlement[]): string[] {
  const list = new ScopeList()
  const calls: string[] = []
  const args = ['']
  for (const { id, reservation, at, nanos, tokens, entry, isRefused } of settlements) {
    const charged = isAmount(nanos) ? nanos : reservation.nanos
    const used = tokens !== undefined && isAmount(tokens) ? tokens : false
    const amounts = `${at ?? false},${reservation.tokens},${reservation.nanos},${charged},${used},${isRefused === true}`
    calls.push(`[${JSON.stringify(id)},${amounts}${list.indexesOf(reservation.scopes)}]`)
    args.push(typeof entry === 'string' ? entry : JSON.stringify(entry))
  }
  args[0] = list.plan(calls)
  return args
}

/** For `readStates`. */
export function limitArguments(scopes: Scope[]): string {
  return `[${scopes.map(scope => encodeScope(scope).limits).join()}]`
}

/** For `chargeCount`. */
export function countArguments(scope: Scope): string {
  return encodeScope(scope).limits
}

/** For `renewHolds`. Calls with the same scopes form a group. Only scopes with a budget are included. */
export function renewalArguments(running: Running[]): { scopes: Scope[]; args: Arguments } {
  const scopes: Scope[] = []
  const scopeIndexes = new Map<string, number>()
  const groupIndexes = new Map<string, number>()
  const indexOf = (scope: Scope) => {
    const text = budgetsOf(scope)
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

function budgetsOf({ key, day, month }: Scope): string {
  return JSON.stringify({ key, day, month })
}

function isAmount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
