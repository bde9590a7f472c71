/** The order of targets: shares by weight and load, and how many calls a sticky route keeps on their target. */

import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ordered } from '../../src/upstreams/order.ts'
import type { Candidate, Plan } from '../../src/upstreams/routing.ts'
import { hashBytes, hashText } from '../../src/upstreams/text-hash.ts'

type Figures = Pick<Candidate, 'weight' | 'running' | 'firstByteMs' | 'learnedAt'>

/** A plan with candidates of these figures. Only names and figures of a candidate decide its place. */
function planOf(figures: Record<string, Partial<Figures>>, sticky?: Plan['sticky']): Plan {
  const candidates = Object.entries(figures).map(([name, own]) => ({
    upstream: { name } as Candidate['upstream'],
    model: 'claude-haiku-4-5',
    weight: 1,
    nameHash: hashText(name),
    running: 0,
    firstByteMs: 100,
    learnedAt: performance.now(),
    ...own,
  })) as Candidate[]
  return {
    candidates,
    isBalanced: true,
    sticky,
    attempts: 3,
    repeats: true,
    retryWithinMs: 5000,
    cacheName: '',
  }
}

const first = (plan: Plan, key = '') => ordered(plan, () => hashText(key))[0]?.upstream.name ?? ''
const share = (count: number, of: (call: number) => boolean) =>
  Array.from({ length: count }, (_, call) => of(call)).filter(Boolean).length / count

function near(actual: number, expected: number, within: number) {
  assert.ok(Math.abs(actual - expected) <= within, `${actual}, expected ${expected} ± ${within}`)
}

test('targets get calls by their weight', () => {
  const plan = planOf({ large: { weight: 9 }, small: { weight: 1 } })

  const large = share(20_000, () => first(plan) === 'large')

  near(large, 0.9, 0.02)
})

test('among targets of one weight the one with the least load comes first', () => {
  const plan = planOf({
    busy: { running: 3, firstByteMs: 100 },
    slow: { running: 0, firstByteMs: 500 },
    free: { running: 1, firstByteMs: 150 },
  })

  const order = ordered(plan, () => 0).map(({ upstream }) => upstream.name)

  assert.deepEqual(order, ['free', 'busy', 'slow'])
})

test('a target that was slow is tried again after a while without calls', () => {
  const plan = planOf({ fast: { learnedAt: 60_000 }, slow: { firstByteMs: 2000, learnedAt: 0 } })
  const firstAt = (now: number) => ordered(plan, () => 0, now)[0]?.upstream.name

  assert.equal(firstAt(1000), 'fast')
  assert.equal(firstAt(60_000), 'slow')
})

test('a target of weight 0 comes last', () => {
  const plan = planOf({ spare: { weight: 0, firstByteMs: 1 }, usual: {}, other: { running: 5 } })

  for (let i = 0; i < 100; i++) assert.equal(ordered(plan, () => 0).at(-1)?.upstream.name, 'spare')
})

for (const weight of [0, 1, 3])
  test(`a sticky target of weight ${weight} gets its share of the keys, and always the same keys`, () => {
    const plan = planOf({ a: { weight }, b: { weight: 1 }, c: { weight: 2 } }, 'client+prefix')

    const ofA = share(20_000, call => first(plan, `key ${call}`) === 'a')
    const twice = Array.from({ length: 2 }, () =>
      Array.from({ length: 1000 }, (_, call) => first(plan, `key ${call}`)),
    )

    near(ofA, weight / (weight + 3), 0.02)
    assert.deepEqual(twice[0], twice[1])
  })

test('while one of three sticky targets is away, only its own keys move, and they come back with it', () => {
  const plan = planOf({ a: {}, b: {}, c: {} }, 'client+prefix')
  const servedBy = (key: string, away: string) =>
    ordered(plan, () => hashText(key)).find(({ upstream }) => upstream.name !== away)?.upstream.name
  const keys = Array.from({ length: 3000 }, (_, i) => `client ${i % 30} prefix ${i}`)

  const before = keys.map(key => servedBy(key, ''))
  const during = keys.map(key => servedBy(key, 'b'))
  const after = keys.map(key => servedBy(key, ''))

  const stayed = during.filter((name, i) => name === before[i]).length / keys.length
  near(stayed, 2 / 3, 0.04)
  assert.ok(during.every((name, i) => before[i] === 'b' || name === before[i]))
  assert.deepEqual(after, before)
})

for (const [what, prompt] of [
  ['a number', (call: number) => `${call}`],
  ['a number at the start', (call: number) => `${call} Summarize the ticket`],
  ['a number at the end', (call: number) => `Summarize the ticket ${1000 + call}`],
  ['one letter', (call: number) => `user ${String.fromCharCode(97 + (call % 26))}${call % 7} begins`],
] as const)
  test(`prompts that differ in ${what} share the targets evenly`, () => {
    const plan = planOf({ a: {}, b: {}, c: {} }, 'client+prefix')
    const servedBy = (call: number) => {
      const body = Buffer.from(JSON.stringify({ messages: [{ role: 'user', content: prompt(call) }] }))
      const hash = hashBytes(body, 12, body.length - 1, hashText('client'))
      return ordered(plan, () => hash)[0]?.upstream.name
    }

    for (const name of ['a', 'b', 'c'])
      near(
        share(3000, call => servedBy(call) === name),
        1 / 3,
        0.12,
      )
  })
