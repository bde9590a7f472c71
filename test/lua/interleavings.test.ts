/** Whatever happens, in whatever order, the scripts and the oracle agree after every step. */

import { test } from 'node:test'
import fc from 'fast-check'
import { type Reservation, UNLIMITED } from '../../src/lua/types.ts'
import { seedOf } from '../proof/random.ts'
import { createFixture, DAY, type Fixture, HOUR, MINUTE, SECOND } from './fixture.ts'
import { CACHED } from './oracle.ts'
import { createSimulation, type Limits } from './simulation.ts'

type Simulation = ReturnType<typeof createSimulation>

/** A step has a name and three numbers, which select its target and its arguments. */
type Step = [name: string, a: number, b: number, c: number]

const WAITS = [1, 7, 250, 999, 3 * SECOND, 9 * SECOND, 20 * SECOND, 31 * SECOND]
const CAPACITIES = [2, 3, 7, 10, 60, 1000]
const REFILLS = [10, 999, 7 * SECOND, 10 * SECOND, MINUTE, DAY]
/** Around the holds below, so that some calls fit and others do not; and beyond 1e15, where doubles still count. */
const BUDGETS = [40, 100, 100, 250, 4_000_000_000_000_025, 9_007_199_254_740_991, UNLIMITED]
const HOLDS = [0, 1, 10, 30, 45, 400_000_000_000_003]
const EXTENSIONS = [0, 1, 5, 10, 30, 60]
const TOKENS = [0, 1, 2, 5, 40]
const USED = [...TOKENS, undefined]

const at = <T>(list: readonly T[], n: number): T => list[n % list.length]!

function limitsOf(a: number, b: number, c: number): Limits {
  return {
    ...(a % 3 > 0 && { requests: { capacity: at(CAPACITIES, b), per: at(REFILLS, c) } }),
    ...(b % 3 > 0 && { tokens: { capacity: at(CAPACITIES, c + 3), per: at(REFILLS, a) } }),
    ...(c % 3 === 0 && { concurrency: 1 + (a % 5) }),
    ...(a % 4 > 0 && { day: at(BUDGETS, b + c) }),
    ...(b % 4 > 0 && { month: at(BUDGETS, a + c) }),
  }
}

function claimOf(simulation: Simulation, a: number, b: number, c: number): Reservation {
  const keys = [
    `client:${a % 2}`,
    ...(b % 4 > 0 ? ['team:0'] : []),
    'gateway',
    ...(c % 5 === 0 ? [`loop:${a % 2}`] : []),
    ...(c % 7 === 0 ? [`count:${a % 2}`] : []),
  ]
  const reservation = {
    scopes: simulation.scopesOf(keys),
    nanos: at(HOLDS, b),
    tokens: at(TOKENS, c),
    entry: {},
  }
  return c % 7 === 0 ? { ...reservation, requests: 0 } : reservation
}

const actions: Record<
  string,
  { weight: number; act(simulation: Simulation, a: number, b: number, c: number): Promise<void> }
> = {
  'a call': {
    weight: 12,
    act: (simulation, a, b, c) => {
      const call = simulation.newCall(claimOf(simulation, a, b, c))
      return simulation.admit(call, { isKept: a > 90, behind: b > 95 ? 1 : 0, isReplyLost: c > 90 })
    },
  },
  'calls at once': {
    weight: 4,
    act: (simulation, a, b, c) =>
      simulation.admitTogether(
        Array.from({ length: 3 + (a % 4) }, (_, i) =>
          simulation.newCall(claimOf(simulation, a + i, b + i, c + i)),
        ),
      ),
  },
  'the same call once more': {
    weight: 2,
    act: async (simulation, a) => {
      const some = simulation
        .askable()
        .filter(call => call.at === undefined || call.at + DAY > simulation.now())
      if (some.length > 0) await simulation.admit(at(some, a))
    },
  },
  'the end of a call': {
    weight: 9,
    act: async (simulation, a, b, c) => {
      const some = simulation.askable().filter(({ settlement }) => !settlement)
      if (some.length === 0) return
      const call = at(some, a)
      // Less than was held, the same, or more.
      const nanos = call.at === undefined ? 0 : Math.floor((call.reservation.nanos * (b % 5)) / 3)
      await simulation.end(call, nanos, at(USED, c))
    },
  },
  'the end of a call whose admission is still under way': {
    weight: 1,
    act: (simulation, a, b, c) => simulation.end(simulation.newCall(claimOf(simulation, a, b, c)), 0, 0),
  },
  'ends sent once more': {
    weight: 3,
    act: async (simulation, a, b) => {
      const some = simulation.askable().flatMap(({ settlement }) => settlement ?? [])
      if (some.length > 0) await simulation.settle([at(some, a), at(some, b)])
    },
  },
  'a renewal': { weight: 5, act: simulation => simulation.renew(simulation.running()) },
  'a renewal by one of two replicas': {
    weight: 2,
    act: (simulation, a) =>
      simulation.renew(simulation.running().filter(({ id }) => Number(id.slice(5)) % 2 === a % 2)),
  },
  'an extension': {
    weight: 5,
    act: (simulation, a, b) =>
      simulation.renew(simulation.running(), ({ id }) => at(EXTENSIONS, Number(id.slice(5)) + a + b)),
  },
  'half a minute in which some replica sweeps': {
    weight: 2,
    act: async (simulation, a, b) => {
      for (let seconds = 0; seconds < 35; seconds += 5) {
        await simulation.wait(5 * SECOND)
        await simulation.sweep(1 + (a % 3))
        if (b % 3 === 0)
          await simulation.renew(simulation.running().filter(({ id }) => Number(id.slice(5)) % 2 === 0))
      }
    },
  },
  'a sweep': { weight: 4, act: (simulation, a) => simulation.sweep(1 + (a % 3)) },
  'a while': { weight: 10, act: (simulation, a) => simulation.wait(at(WAITS, a)) },
  hours: { weight: 1, act: (simulation, a) => simulation.wait(a * 10 * MINUTE) },
  midnight: { weight: 1, act: (simulation, a) => simulation.waitForMidnight((a % 3) - 1) },
  'other limits': {
    weight: 2,
    act: (simulation, a, b, c) =>
      simulation.change(at(['client:0', 'client:1', 'team:0', 'gateway'], a), limitsOf(b, c, a)),
  },
  'a drain': { weight: 2, act: simulation => simulation.drain() },
  'a wiped Redis': { weight: 1, act: simulation => simulation.wipe() },
  'a rebuild': { weight: 3, act: simulation => simulation.rebuild() },
}

const names = Object.entries(actions).map(([name, { weight }]) => ({ weight, arbitrary: fc.constant(name) }))
const step = fc.tuple(fc.oneof(...names), fc.nat(99), fc.nat(99), fc.nat(99))

const { PROOF_RUNS } = process.env

/** PROOF_SEED chooses other sequences, PROOF_RUNS their number. */
test('the scripts agree with the oracle for any sequence of steps', async t => {
  const fixture = await createFixture(t)
  const property = fc.asyncProperty(
    fc.array(step, { maxLength: 150, size: 'max' }),
    fc.array(fc.tuple(fc.nat(99), fc.nat(99), fc.nat(99)), { minLength: 4, maxLength: 4 }),
    (steps, limits) => play(fixture, steps, limits),
  )
  await fc.assert(property, {
    seed: seedOf(t, 20261123),
    ...(PROOF_RUNS ? { numRuns: Number(PROOF_RUNS) } : { numRuns: 120, interruptAfterTimeLimit: 25_000 }),
  })
})

async function play(fixture: Fixture, steps: Step[], limits: [number, number, number][]): Promise<void> {
  await fixture.begin()
  await fixture.redis.set('{tollgate}:cache:kept', CACHED)
  const simulation = createSimulation(fixture, {
    ...Object.fromEntries(
      ['client:0', 'client:1', 'team:0', 'gateway'].map((key, i) => [key, limitsOf(...limits[i]!)]),
    ),
    'loop:0': { loop: { capacity: 2, per: 7 * SECOND } },
    'loop:1': { loop: { capacity: 1, per: HOUR } },
    'count:0': { count_tokens: { capacity: 3, per: 10 * SECOND } },
    'count:1': { count_tokens: { capacity: 1, per: HOUR } },
  })
  for (const [name, a, b, c] of steps) {
    await actions[name]!.act(simulation, a, b, c)
    await simulation.agree()
  }
  await simulation.close()
}
