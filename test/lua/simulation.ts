/** Simulates replicas with calls, changing settings and a Postgres. Each step runs against both the scripts and the oracle. */

import assert from 'node:assert/strict'
import { windowsAt } from '../../src/lua/calendar.ts'
import { type Reservation, type Scope, type Settlement, UNLIMITED } from '../../src/lua/types.ts'
import { DAY, type Fixture, HOUR } from './fixture.ts'
import { agree, agreeOnLedger } from './observe.ts'
import { createOracle, type End, type Line } from './oracle.ts'

/** Lifetime of a tombstone after its last entry has reached Postgres. */
const SETTLED_KEPT = HOUR
const LOST_KEPT = 7 * DAY
/** Lifetime of a window after its end. */
const KEPT = 2 * DAY
const PERIODS = ['day', 'month'] as const

export interface Call {
  id: string
  reservation: Reservation
  /** The time of admission, if its replica got a reply. */
  at: number | undefined
  settlement: Settlement | undefined
  /** Time at which Postgres got its last entry. */
  drainedAt: number | undefined
}

/** Nanos taken of one window. The limit is infinite if none was checked. */
interface Taken {
  window: string
  nanos: bigint
  limit: number
}

export type Limits = Omit<Scope, 'key' | 'name'>

export function createSimulation(fixture: Fixture, limits: Record<string, Limits>) {
  const { money, ledger, redis, now } = fixture
  const oracle = createOracle()
  const calls = new Map<string, Call>()
  let ids = 0
  const postgres = new Map<string, Line>()
  let stream: Line[] = []
  let version = 1
  let isComplete = true

  /** Postgres knows how it ended. */
  const isFinal = ({ id }: Call) => postgres.has(`${id} 1`) || postgres.get(`${id} 0`)?.lost === false
  const askable = () =>
    [...calls.values()].filter(call => {
      return (
        call.drainedAt === undefined || now() < call.drainedAt + (isFinal(call) ? SETTLED_KEPT : LOST_KEPT)
      )
    })
  const running = () => askable().filter(({ at, settlement }) => at !== undefined && !settlement)

  function scopesOf(keys: string[]): Scope[] {
    return keys.map(key => ({ key, name: key, ...limits[key] }))
  }

  function newCall(reservation: Reservation): Call {
    return { id: `call ${ids++}`, reservation, at: undefined, settlement: undefined, drainedAt: undefined }
  }

  async function admit(call: Call, { isKept = false, behind = 0, isReplyLost = false } = {}): Promise<void> {
    const { id, reservation } = call
    const decidedWith = version - behind
    const isRunning = oracle.expected(now()).holds.some(hold => hold.id === id)
    const cacheKey = isKept ? '{tollgate}:cache:kept' : '{tollgate}:cache:missing'
    const admitted = await fixture.admit(id, reservation, { version: decidedWith, cacheKey })
    assert.deepEqual(admitted, oracle.admit(id, reservation, decidedWith, isKept, now()))
    calls.set(id, call)
    if (admitted.kind !== 'granted') return
    if (!isReplyLost) call.at = admitted.at
    if (!isRunning) assertFit(takenBy(reservation, admitted.at))
  }

  /** Calls at once: the first goes alone, the others in one script. */
  async function admitTogether(some: Call[]): Promise<void> {
    const admitted = await Promise.all(
      some.map(({ id, reservation }) => fixture.admit(id, reservation, { version })),
    )
    const expected = some.map(({ id, reservation }) => oracle.admit(id, reservation, version, false, now()))
    assert.deepEqual(admitted, expected)
    const taken: Taken[] = []
    for (const [i, call] of some.entries()) {
      const one = admitted[i]!
      calls.set(call.id, call)
      if (one.kind !== 'granted') continue
      call.at = one.at
      taken.push(...takenBy(call.reservation, one.at))
    }
    assertFit(taken)
  }

  /** What a call takes of its windows, under the limits of its admission. */
  function takenBy({ scopes, nanos }: Reservation, at: number, isChecked = true): Taken[] {
    if (nanos === 0) return []
    return scopes.flatMap(scope =>
      PERIODS.flatMap(period => {
        const limit = scope[period]
        if (limit === undefined) return []
        const window = `${scope.key} ${windowsAt(at)[period].name}`
        return { window, nanos: BigInt(nanos), limit: isChecked && limit !== UNLIMITED ? limit : Infinity }
      }),
    )
  }

  /**
   * The promise the product is made for: what one script takes under a limit leaves the window within this limit. A changed
   * limit holds from the next call on, so calls under a higher limit may take more afterwards.
   */
  function assertFit(taken: Taken[]): void {
    const used = new Map(
      oracle
        .expected(now())
        .scopes.flatMap(({ key, windows }) =>
          [...windows].map(([name, { spent, held }]) => [`${key} ${name}`, spent + held]),
        ),
    )
    for (const { window, limit } of taken) {
      const above = taken
        .filter(other => other.window === window && other.limit > limit)
        .reduce((sum, { nanos }) => sum + nanos, 0n)
      assert.ok(used.get(window)! - above <= limit, `${window} was granted more than ${limit}`)
    }
  }

  async function settle(batch: Settlement[]): Promise<void> {
    const kinds = await money.settle(batch).then(
      settled => settled.map(({ kind }) => kind),
      () => batch.map(() => 'rebuilding'),
    )
    const expected = batch.map(settlement => oracle.settle(settlement, now()))
    assert.deepEqual(kinds, expected)
    written()
  }

  function written(): void {
    for (const line of oracle.ledger()) {
      stream.push(line)
      calls.get(line.id)!.drainedAt = undefined
    }
  }

  async function end(call: Call, nanos: number, tokens: number | undefined): Promise<void> {
    const { id, reservation, at } = call
    calls.set(id, call)
    call.settlement = { id, reservation, at, nanos, tokens, entry: { outcome: 'ok' } }
    await settle([call.settlement])
  }

  /** `more`: the amount that each call needs above its hold. */
  async function renew(some: Call[], more: (call: Call) => number = () => 0): Promise<void> {
    const batch = some.flatMap(call => {
      const { id, reservation, at } = call
      if (at === undefined) return []
      // Redis may have dropped the counters of a day that ended so long ago, so its room is unknown.
      const isKept = now() < windowsAt(at).day.endsAt + KEPT
      return { call, id, reservation, at, needs: reservation.nanos + (isKept ? more(call) : 0) }
    })
    const renewed = await money.renew(batch)
    assert.deepEqual(renewed, oracle.renew(batch, now()))
    const taken: Taken[] = []
    for (const [i, { call, reservation, at, needs }] of batch.entries()) {
      // A lost hold is restored after the extensions, whatever the limits are.
      if (renewed[i]!.kind === 'remembered') taken.push(...takenBy(reservation, at, false))
      if (renewed[i]!.kind !== 'renewed') continue
      taken.push(...takenBy({ ...reservation, nanos: needs - reservation.nanos }, at))
      call.reservation = { ...reservation, nanos: needs }
    }
    assertFit(taken)
  }

  async function sweep(limit: number): Promise<void> {
    const lost = await money.sweep(limit)
    assert.deepEqual(
      lost.map(({ id, nanos }) => ({ id, nanos })),
      oracle.sweep(limit, now()),
    )
    written()
  }

  async function change(key: string, to: Limits): Promise<void> {
    limits[key] = to
    version += 1
    assert.equal(await money.raiseVersion(version), oracle.raiseVersion(version))
  }

  /** Postgres records the entries of the stream, each once. */
  async function drain(): Promise<void> {
    await agreeOnLedger(fixture, stream)
    for (const line of stream) {
      const name = `${line.id} ${line.seq}`
      postgres.set(name, postgres.get(name) ?? line)
      calls.get(line.id)!.drainedAt = now()
    }
    await ledger.forget(stream)
    await redis.xtrim('{tollgate}:ledger', 'MAXLEN', 0)
    stream = []
  }

  /** Redis loses its data. Settlements that had not reached Postgres are repeated later. */
  async function wipe(): Promise<void> {
    const all = await redis.keys('{tollgate}:*')
    await redis.del('', ...all.filter(key => !key.endsWith(':clock') && !key.endsWith(':kept')))
    oracle.wipe()
    stream = []
    isComplete = false
  }

  async function rebuild(): Promise<void> {
    if (isComplete) return
    assert.equal(await ledger.begin('one'), 'begun')
    assert.equal(await ledger.begin('another'), 'busy')
    const windows = sums()
    const ends = new Map(askable().flatMap(call => endOf(call)))
    const ended = [...ends].map(([id, last]) =>
      last.kind === 'lost' ? { id, lost: { at: last.at, nanos: last.nanos } } : { id, seq: last.seq },
    )
    assert.equal(await ledger.restore('one', { windows: windows.slice(0, 2), calls: [] }), 'restored')
    assert.equal(await ledger.restore('another', { windows: [], calls: [] }, version), 'lost')
    assert.equal(
      await ledger.restore('one', { windows: windows.slice(2), calls: ended }, version),
      'complete',
    )
    oracle.restore(windows, ends, version)
    isComplete = true
    await settle(askable().flatMap(call => (call.settlement && !isFinal(call) ? call.settlement : [])))
  }

  function endOf({ id }: Call): [string, End][] {
    if (postgres.has(`${id} 1`)) return [[id, { kind: 'settled', seq: 1 }]]
    const line = postgres.get(`${id} 0`)
    if (!line) return []
    return [[id, line.lost ? { kind: 'lost', at: line.at, nanos: line.nanos } : { kind: 'settled', seq: 0 }]]
  }

  /** What Postgres says was spent, window by window. */
  function sums(): { scope: string; window: string; spentNanos: bigint }[] {
    const all = new Map<string, { scope: string; window: string; spentNanos: bigint }>()
    for (const { id, at, nanos } of postgres.values()) {
      for (const scope of calls.get(id)!.reservation.scopes) {
        for (const period of PERIODS.filter(period => scope[period] !== undefined)) {
          const window = windowsAt(at)[period].name
          const sum = all.get(`${scope.key} ${window}`) ?? { scope: scope.key, window, spentNanos: 0n }
          all.set(`${scope.key} ${window}`, { ...sum, spentNanos: sum.spentNanos + BigInt(nanos) })
        }
      }
    }
    return [...all.values()]
  }

  /** Ends all calls. Then there are no holds and no running calls, and the spend equals the ledger. */
  async function close(): Promise<void> {
    await rebuild()
    const held = new Set(oracle.expected(now()).holds.map(({ id }) => id))
    const open = [...calls.values()].filter(call => !call.settlement || held.has(call.id))
    for (const call of open) await end(call, call.at === undefined ? 0 : 5, 1)
    await agree(
      fixture,
      oracle,
      askable().map(({ id }) => id),
    )
    await drain()
    const left = oracle.expected(now())
    assert.deepEqual(left.holds, [])
    for (const { key, running, windows } of left.scopes) {
      assert.equal(running, 0, `${key} still counts a running call`)
      for (const [name, { spent, held }] of windows) {
        const sum = sums().find(({ scope, window }) => scope === key && window === name)
        assert.equal(held, 0n, `${key} still holds money in ${name}`)
        assert.equal(spent, sum?.spentNanos ?? 0n, `${key}: the ledger of ${name}`)
      }
    }
  }

  return {
    ...{
      calls,
      askable,
      running,
      scopesOf,
      newCall,
      admit,
      admitTogether,
      settle,
      end,
      renew,
      sweep,
      change,
      drain,
      wipe,
      rebuild,
      close,
    },
    now,
    agree: () =>
      agree(
        fixture,
        oracle,
        askable().map(({ id }) => id),
      ),
    wait: (ms: number) => fixture.wait(ms),
    /** To the last millisecond of the day, or past it. */
    waitForMidnight: (past: number) => fixture.setClock(Math.ceil((now() + 1) / DAY) * DAY + past),
  }
}
