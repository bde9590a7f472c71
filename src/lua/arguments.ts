/**
 * Encodes the arguments of the scripts. Each script gets one JSON text of lists, because Redis decodes it faster than
 * objects or many arguments. A scope that several calls of a script share is in it once.
 */

import { type Bucket, ratio } from './bucket.ts'
import type { Reservation, Reserved, Running, Scope, Settlement } from './types.ts'

type Arguments = (string | number)[]

/** What later scripts must send as the admission did, even if the reservation has changed. */
interface Encoded {
  tokens: number
  nanos: number
  /** Reservation and entry, as the hold has them. */
  hold: string
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

const scopeTexts = new WeakMap<Scope, { limits: string; held: string }>()
const encoded = new WeakMap<Reservation, Encoded>()

/** Encodes a reservation once. */
export function encode(reservation: Reservation): Encoded {
  const before = encoded.get(reservation)
  if (before) return before
  const { scopes, tokens, nanos, entry } = reservation
  refuseFractions(reservation)
  const lost = JSON.stringify({ ...entry, outcome: 'lost', estimated: true, estimate: 'the hold' })
  const held = scopes.map(scope => textsOf(scope).held).join()
  const hold = `{"tokens":${tokens},"nanos":${nanos},"scopes":[${held}]}\n${lost}`
  const text = { tokens, nanos, hold }
  encoded.set(reservation, text)
  return text
}

/** Encodes a scope once, because all calls of a client share it. `held` is only what the end of a call needs. */
function textsOf(scope: Scope): { limits: string; held: string } {
  const before = scopeTexts.get(scope)
  if (before) return before
  const { key, name, concurrency, day, month, requests, tokens, loop, count_tokens } = scope
  const buckets = loop || count_tokens ? [requests, tokens, loop, count_tokens] : [requests, tokens]
  const limits = [key, concurrency ?? false, day ?? false, month ?? false, ...buckets.flatMap(limitsOf)]
  const texts = {
    limits: JSON.stringify(limits),
    held: JSON.stringify({ key, name, tokens, loop, day, month }),
  }
  scopeTexts.set(scope, texts)
  return texts
}

function limitsOf(bucket: Bucket | undefined): (number | false)[] {
  return bucket ? [bucket.capacity, ...ratio(bucket)] : [false, false, false]
}

/** The limits of scopes, each once, and the indexes (from 1) by which calls name them. */
function createScopeList() {
  const indexes = new Map<Scope, number>()
  let limits = ''
  return {
    /** `,1,2,3` */
    indexesOf(scopes: Scope[]): string {
      let list = ''
      for (const scope of scopes) {
        let index = indexes.get(scope)
        if (index === undefined) {
          index = indexes.size + 1
          indexes.set(scope, index)
          limits += index === 1 ? textsOf(scope).limits : `,${textsOf(scope).limits}`
        }
        list += `,${index}`
      }
      return list
    },
    planOf: (calls: string[]) => `[[${limits}],[${calls.join()}]]`,
  }
}

/** For `admitCalls`. */
export function admissionArguments(admissions: Admission[]): Arguments {
  const list = createScopeList()
  const holds: string[] = []
  const calls = admissions.map(({ id, reservation, version, cacheKey, maxPending }) => {
    const { tokens, nanos, hold } = encode(reservation)
    holds.push(hold)
    const key = cacheKey === undefined ? 'false' : JSON.stringify(cacheKey)
    return `[${JSON.stringify(id)},${version},${maxPending},${reservation.requests ?? 1},${tokens},${nanos},${key}${list.indexesOf(reservation.scopes)}]`
  })
  return [list.planOf(calls), ...holds]
}

/** For `rememberHolds`. */
export function holdArguments(running: Running[]): Arguments {
  const list = createScopeList()
  const holds: string[] = []
  const calls = running.map(({ id, reservation, at }) => {
    const { tokens, nanos, hold } = encode(reservation)
    holds.push(hold)
    return `[${JSON.stringify(id)},${at},${reservation.requests ?? 1},${tokens},${nanos}${list.indexesOf(reservation.scopes)}]`
  })
  return [list.planOf(calls), ...holds]
}

/** For `settleCalls`. An invalid amount must not block the other settlements or be free, so the reserved amount replaces it. */
export function settlementArguments(settlements: Settlement[]): Arguments {
  const list = createScopeList()
  const entries: string[] = []
  const calls = settlements.map(({ id, reservation, at, nanos, tokens, entry, isRefused }) => {
    refuseFractions(reservation)
    entries.push(typeof entry === 'string' ? entry : JSON.stringify(entry))
    const charged = isAmount(nanos) ? nanos : reservation.nanos
    const used = tokens !== undefined && isAmount(tokens) ? tokens : false
    return `[${JSON.stringify(id)},${at ?? false},${reservation.tokens},${reservation.nanos},${charged},${used},${isRefused === true}${list.indexesOf(reservation.scopes)}]`
  })
  return [list.planOf(calls), ...entries]
}

/** For `readStates`. */
export function limitArguments(scopes: Scope[]): string {
  return `[${scopes.map(scope => textsOf(scope).limits).join()}]`
}

/** For `chargeCount`. */
export function countArguments(scope: Scope): string {
  return textsOf(scope).limits
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

function refuseFractions({ tokens, nanos }: Reserved): void {
  if (isAmount(tokens) && isAmount(nanos)) return
  throw new RangeError(
    `a reservation of ${tokens} tokens and ${nanos} nanos; expected whole numbers of at least 0`,
  )
}

function isAmount(value: number): boolean {
  return Number.isSafeInteger(value) && value >= 0
}
