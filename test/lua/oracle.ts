/**
 * A simple model of the scripts: plain maps, exact fractions, one step after the other. It does not use Redis, keys, expiry
 * or scripts. If it and the scripts disagree, one of them is wrong.
 */

import type { Bucket } from '../../src/lua/bucket.ts'
import { windowsAt } from '../../src/lua/calendar.ts'
import {
  type Admitted,
  type Refused,
  type Renewed,
  type Reservation,
  type Reserved,
  type Running,
  type Scope,
  type ScopeState,
  type Settlement,
  UNLIMITED,
} from '../../src/lua/types.ts'

/** The response of every cached call. */
export const CACHED = 'a response'

const LEASE = 30_000
const UNWATCHED = 10_000
const KINDS = ['requests', 'tokens', 'loop', 'count_tokens'] as const
/** What a cached response takes of. */
const OF_A_HIT = ['requests', 'loop', 'count_tokens'] as const
const PERIODS = ['day', 'month'] as const

type Kind = (typeof KINDS)[number]

/** A bucket's content, in units times `per`: so every millisecond adds `capacity`, a whole number. */
interface Content {
  capacity: bigint
  per: bigint
  level: bigint
  at: number
}

interface Money {
  spent: bigint
  held: bigint
}

interface Account {
  running: number
  /** Tokens that running calls have taken of the bucket; they give the unused ones back. */
  reserved: number
  buckets: Partial<Record<Kind, Content>>
  windows: Map<string, Money>
}

interface Hold {
  at: number
  reservation: Reservation
  leaseEnds: number
}

export type End = { kind: 'settled'; seq: number } | { kind: 'lost'; at: number; nanos: number }

export interface Line {
  id: string
  seq: number
  at: number
  nanos: number
  held: number
  lost: boolean
}

export type Oracle = ReturnType<typeof createOracle>

export function createOracle() {
  let accounts = new Map<string, Account>()
  let holds = new Map<string, Hold>()
  let ends = new Map<string, End>()
  let version = 1
  let complete = true
  let watch: { since: number; last: number } | undefined
  const ledger: Line[] = []

  function account({ key }: Scope): Account {
    const found = accounts.get(key) ?? { running: 0, reserved: 0, buckets: {}, windows: new Map() }
    accounts.set(key, found)
    return found
  }

  function money(scope: Scope, at: number, period: (typeof PERIODS)[number]): Money {
    const { windows } = account(scope)
    const { name } = windowsAt(at)[period]
    const found = windows.get(name) ?? { spent: 0n, held: 0n }
    windows.set(name, found)
    return found
  }

  /** The bucket as it is now, under the limit as it is now. */
  function bucket(scope: Scope, kind: Kind, now: number): Content | undefined {
    const limit = scope[kind]
    if (!limit) return undefined
    return under(limit, contentOf(scope, kind, limit, now))
  }

  /** A full bucket has no deficit, so its limit may change freely. */
  function contentOf(scope: Scope, kind: Kind, limit: Bucket, now: number): Content {
    const kept = account(scope).buckets[kind]
    const content = kept && refilled(kept, now)
    return content && content.level < content.capacity * content.per ? content : full(limit, now)
  }

  function take(reservation: Reservation, at: number, now: number) {
    const { tokens, nanos } = reservation
    for (const scope of reservation.scopes) {
      const own = account(scope)
      if (!scope.loop) own.running += 1
      own.reserved += reservedOf(scope, tokens)
      for (const kind of KINDS) {
        const content = bucket(scope, kind, now)
        const wanted = wantedOf(reservation, kind)
        if (content && wanted > 0) own.buckets[kind] = draw(content, atMost(wanted, content))
      }
      for (const period of PERIODS) {
        if (scope[period] !== undefined) money(scope, at, period).held += BigInt(nanos)
      }
    }
  }

  /** Ends a hold: releases its money. Its tokens stay reserved. */
  function release(id: string): Hold | undefined {
    const hold = holds.get(id)
    if (!hold) return undefined
    holds.delete(id)
    for (const scope of hold.reservation.scopes) {
      if (!scope.loop) account(scope).running -= 1
      account(scope).reserved -= reservedOf(scope, hold.reservation.tokens)
      for (const period of PERIODS) {
        if (scope[period] !== undefined) money(scope, hold.at, period).held -= BigInt(hold.reservation.nanos)
      }
    }
    return hold
  }

  function charge(reservation: Reserved, at: number, nanos: number) {
    for (const scope of reservation.scopes) {
      for (const period of PERIODS) {
        if (scope[period] !== undefined) money(scope, at, period).spent += BigInt(nanos)
      }
    }
  }

  /** The bucket keeps the limit it has: a settlement knows that of its own time only. */
  function chargeTokens(reservation: Reserved, tokens: number | undefined, taken: number, now: number) {
    for (const scope of reservation.scopes) {
      if (!scope.tokens) continue
      const content = contentOf(scope, 'tokens', scope.tokens, now)
      const used = tokens ?? Math.min(reservation.tokens, scope.tokens.capacity)
      account(scope).buckets.tokens = draw(content, used - Math.min(taken, scope.tokens.capacity))
    }
  }

  /** Calls that need more, grouped by scopes and day, in the order of each group's first call. */
  function inTurn(running: Running[]): Running[] {
    const groupOf = ({ id }: Running) => {
      const hold = holds.get(id)
      const budgeted = hold?.reservation.scopes.filter(scope =>
        PERIODS.some(period => scope[period] !== undefined),
      )
      const scopes = budgeted?.map(({ key, day, month }) => [key, day, month])
      return JSON.stringify([hold && windowsAt(hold.at).day.name, scopes])
    }
    const needy = running.filter(({ id, needs = 0 }) => needs > (holds.get(id)?.reservation.nanos ?? needs))
    const others = running.filter(one => !needy.includes(one))
    return [...Map.groupBy(needy, groupOf).values()].flat().concat(others)
  }

  /** Raises a hold in all windows of its admission, or returns the budget that has no room. */
  function extend(id: string, hold: Hold, needs: number): Renewed | undefined {
    const more = needs - hold.reservation.nanos
    if (more <= 0) return undefined
    for (const scope of hold.reservation.scopes) {
      for (const period of PERIODS) {
        const limitNanos = scope[period]
        if (limitNanos === undefined || limitNanos === UNLIMITED) continue
        const { spent, held } = money(scope, hold.at, period)
        if (spent + held + BigInt(more) <= BigInt(limitNanos)) continue
        const numbers = { limitNanos, spentNanos: Number(spent), heldNanos: Number(held) }
        return { id, kind: 'no_room', scope: scope.name, limit: period, ...numbers }
      }
    }
    for (const scope of hold.reservation.scopes) {
      for (const period of PERIODS) {
        if (scope[period] !== undefined) money(scope, hold.at, period).held += BigInt(more)
      }
    }
    hold.reservation = { ...hold.reservation, nanos: needs }
    return undefined
  }

  function states(scopes: Scope[], at: number, now: number): ScopeState[] {
    return scopes.map(scope => {
      const state: ScopeState = { key: scope.key, name: scope.name, running: account(scope).running }
      if (scope.concurrency !== undefined) state.concurrency = scope.concurrency
      for (const kind of ['requests', 'tokens'] as const) {
        const content = bucket(scope, kind, now)
        if (!content) continue
        const { capacity, per, level } = content
        const remaining = level < 0n ? 0 : Number(level / per)
        const resetMs = Number(roundedUp(capacity * per - level, capacity))
        state[kind] = { limit: Number(capacity), remaining, resetMs }
      }
      for (const period of PERIODS) {
        const limitNanos = scope[period]
        if (limitNanos === undefined) continue
        const { spent, held } = money(scope, at, period)
        state[period] = { limitNanos, spentNanos: Number(spent), heldNanos: Number(held) }
      }
      return state
    })
  }

  /** A grant has the usage of the first scope only. */
  function firstState({ scopes }: Reservation, at: number, now: number): ScopeState[] {
    return states(scopes.slice(0, 1), at, now)
  }

  function refusals(
    reservation: Reservation,
    hit: boolean,
    now: number,
  ): { finality: number; weight: number; refused: Refused }[] {
    const found: ReturnType<typeof refusals> = []
    for (const scope of reservation.scopes) {
      const base = {
        kind: 'refused',
        at: now,
        scope: scope.name,
        states: states(reservation.scopes, now, now),
      } as const
      for (const kind of hit ? OF_A_HIT : KINDS) {
        const content = bucket(scope, kind, now)
        const wanted = wantedOf(reservation, kind)
        if (!content || wanted === 0) continue
        const missing = BigInt(atMost(wanted, content)) * content.per - content.level
        if (missing <= 0n) continue
        const refillMs = Number(roundedUp(missing, content.capacity))
        const isCovered = kind === 'tokens' && missing <= BigInt(account(scope).reserved) * content.per
        const retryAfterMs = isCovered ? Math.min(refillMs, 1000) : refillMs
        found.push({ finality: 0, weight: retryAfterMs, refused: { ...base, limit: kind, retryAfterMs } })
      }
      if (hit) continue
      if (scope.concurrency !== undefined && account(scope).running >= scope.concurrency) {
        const refused: Refused = { ...base, limit: 'concurrency', retryAfterMs: 1000 }
        found.push({ finality: 0, weight: 1000, refused })
      }
      for (const period of PERIODS) {
        const limitNanos = scope[period]
        if (limitNanos === undefined || limitNanos === UNLIMITED || reservation.nanos === 0) continue
        const { spent, held } = money(scope, now, period)
        const [hold, limit] = [BigInt(reservation.nanos), BigInt(limitNanos)]
        if (spent + held + hold <= limit) continue
        const resetsAt = windowsAt(now)[period].endsAt
        const numbers = { limitNanos, spentNanos: Number(spent), heldNanos: Number(held), resetsAt }
        const refused: Refused = { ...base, limit: period, ...numbers }
        if (hold > limit) {
          found.push({ finality: 2, weight: -limitNanos, refused: { ...refused, verdict: 'can_never_fit' } })
        } else if (spent + hold <= limit) {
          const inFlight: Refused = { ...refused, verdict: 'in_flight', retryAfterMs: 2000 }
          found.push({ finality: 0, weight: 2000, refused: inFlight })
        } else {
          found.push({ finality: 1, weight: resetsAt, refused: { ...refused, verdict: 'spent' } })
        }
      }
    }
    return found
  }

  return {
    admit(id: string, reservation: Reservation, decidedWith: number, kept: boolean, now: number): Admitted {
      if (decidedWith < version) return { kind: 'stale', version }
      if (!complete) return { kind: 'rebuilding' }
      version = decidedWith
      if (ends.has(id)) return { kind: 'settled' }
      const hold = holds.get(id)
      if (hold) {
        return { kind: 'granted', at: hold.at, states: firstState(hold.reservation, hold.at, now) }
      }
      // The most final; of equals the longest; of equals the first.
      const [worst] = refusals(reservation, kept, now).sort(
        (a, b) => b.finality - a.finality || b.weight - a.weight,
      )
      if (worst) return worst.refused
      if (kept) {
        for (const scope of reservation.scopes) {
          for (const kind of OF_A_HIT) {
            const content = bucket(scope, kind, now)
            const wanted = wantedOf(reservation, kind)
            if (content && wanted > 0) account(scope).buckets[kind] = draw(content, wanted)
          }
        }
        return {
          kind: 'hit',
          at: now,
          states: firstState(reservation, now, now),
          response: Buffer.from(CACHED),
        }
      }
      take(reservation, now, now)
      holds.set(id, { at: now, reservation, leaseEnds: now + LEASE })
      return { kind: 'granted', at: now, states: firstState(reservation, now, now) }
    },

    /** Renews leases, extends holds while there is room, then restores lost holds; in the order given. */
    renew(running: Running[], now: number): Renewed[] {
      const replies = new Map<string, Renewed>()
      for (const { id, needs = 0 } of inTurn(running)) {
        const hold = holds.get(id)
        if (!hold) continue
        hold.leaseEnds = now + LEASE
        replies.set(id, extend(id, hold, needs) ?? { id, kind: 'renewed' })
      }
      for (const { id, reservation, at } of running) {
        if (replies.has(id)) continue
        const end = ends.get(id)
        if (!end) {
          take(reservation, at, now)
          holds.set(id, { at, reservation, leaseEnds: now + LEASE })
        }
        replies.set(id, { id, kind: end?.kind ?? 'remembered' })
      }
      return running.map(({ id }) => replies.get(id)!)
    },

    settle({ id, reservation, at, nanos, tokens }: Settlement, now: number): string {
      if (!complete) return 'rebuilding'
      const hold = release(id)
      const end = ends.get(id)
      if (end?.kind === 'settled') return 'already'
      if (end?.kind === 'lost') {
        charge(reservation, end.at, nanos - end.nanos)
        chargeTokens(reservation, tokens, reservation.tokens, now)
        ends.set(id, { kind: 'settled', seq: 1 })
        ledger.push({ id, seq: 1, at: end.at, nanos: nanos - end.nanos, held: end.nanos, lost: false })
        return 'corrected'
      }
      const since = hold?.at ?? at ?? now
      charge(reservation, since, nanos)
      chargeTokens(reservation, tokens, hold ? reservation.tokens : 0, now)
      ends.set(id, { kind: 'settled', seq: 0 })
      ledger.push({
        id,
        seq: 0,
        at: since,
        nanos,
        held: hold ? hold.reservation.nanos : at !== undefined ? reservation.nanos : 0,
        lost: false,
      })
      return 'settled'
    },

    sweep(limit: number, now: number): { id: string; nanos: number }[] {
      if (!complete) watch = undefined
      if (!complete) return []
      const unbroken = watch && now - watch.last <= UNWATCHED
      watch = { since: watch && unbroken ? watch.since : now, last: now }
      if (now - watch.since < LEASE) return []
      return [...holds]
        .filter(([, { leaseEnds }]) => leaseEnds <= now)
        .sort(([a, x], [b, y]) => x.leaseEnds - y.leaseEnds || (a < b ? -1 : 1))
        .slice(0, limit)
        .flatMap(([id, { at, reservation }]) => {
          release(id)
          if (ends.has(id)) return []
          charge(reservation, at, reservation.nanos)
          ends.set(id, { kind: 'lost', at, nanos: reservation.nanos })
          ledger.push({ id, seq: 0, at, nanos: reservation.nanos, held: reservation.nanos, lost: true })
          return [{ id, nanos: reservation.nanos }]
        })
    },

    raiseVersion(newer: number): number {
      version = Math.max(version, newer)
      return version
    },

    /** Redis comes back with nothing in it. */
    wipe() {
      accounts = new Map()
      holds = new Map()
      ends = new Map()
      version = 0
      complete = false
      watch = undefined
    },

    restore(
      windows: { scope: string; window: string; spentNanos: bigint }[],
      calls: Map<string, End>,
      newest: number,
    ) {
      for (const { scope, window, spentNanos } of windows) {
        const own = accounts.get(scope) ?? { running: 0, reserved: 0, buckets: {}, windows: new Map() }
        accounts.set(scope, own)
        own.windows.set(window, { held: 0n, ...own.windows.get(window), spent: spentNanos })
      }
      for (const [id, end] of calls) ends.set(id, end)
      version = Math.max(version, newest)
      complete = true
    },

    /** Entries written since the last time. */
    ledger: () => ledger.splice(0),

    /** What is true now: compared with Redis after every step. */
    expected(now: number) {
      return {
        scopes: [...accounts].map(([key, { running, reserved, buckets, windows }]) => ({
          key,
          running,
          reserved,
          missing: Object.entries(buckets).map(([kind, content]) => {
            const { capacity, per, level } = refilled(content, now)
            return [kind, capacity * per - level, per] as const
          }),
          windows,
        })),
        holds: [...holds].map(([id, { at, leaseEnds }]) => ({ id, at, leaseEnds })),
        ends,
      }
    },
  }
}

function full({ capacity, per }: Bucket, now: number): Content {
  return { capacity: BigInt(capacity), per: BigInt(per), level: BigInt(capacity) * BigInt(per), at: now }
}

function refilled(content: Content, now: number): Content {
  const { capacity, per, level, at } = content
  const more = level + capacity * BigInt(now - at)
  return { ...content, level: more > capacity * per ? capacity * per : more, at: now }
}

/** The deficit stays under the new limit. If the rate differs, it is rounded up to a whole unit. */
function under({ capacity, per }: Bucket, old: Content): Content {
  const { level, ...limit } = full({ capacity, per }, old.at)
  const missing = old.capacity * old.per - old.level
  const sameRate = limit.capacity * old.per === old.capacity * limit.per
  const now = sameRate ? (missing * limit.per) / old.per : roundedUp(missing, old.per) * limit.per
  return { ...limit, level: level - now }
}

function draw(content: Content, units: number): Content {
  const { capacity, per } = content
  const level = content.level - BigInt(units) * per
  return { ...content, level: level > capacity * per ? capacity * per : level }
}

function reservedOf({ tokens }: Scope, wanted: number): number {
  return tokens ? Math.min(wanted, tokens.capacity) : 0
}

function wantedOf({ tokens, requests = 1 }: Reservation, kind: Kind): number {
  if (kind === 'tokens') return tokens
  return kind === 'requests' ? requests : 1
}

function atMost(units: number, { capacity }: Content): number {
  return Math.min(units, Number(capacity))
}

function roundedUp(a: bigint, b: bigint): bigint {
  return a <= 0n ? 0n : (a + b - 1n) / b
}
