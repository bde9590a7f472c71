/** Repeatable random numbers: all of these tests come from one seed, which they print. */

import type { TestContext } from 'node:test'

export interface Random {
  /** A whole number from `least` to `most`, both included. */
  between(least: number, most: number): number
  chance(probability: number): boolean
  pick<T>(list: readonly T[]): T
}

/** PROOF_SEED repeats a run's draws; the order in which the machine runs the calls is not repeatable. */
export function seedOf(t: TestContext, usual: number): number {
  const seed = Number(process.env.PROOF_SEED ?? usual)
  t.diagnostic(`PROOF_SEED=${seed}`)
  return seed
}

/** Mulberry32: 32 bits of state are enough for some thousand draws. */
export function randomFrom(seed: number): Random {
  let state = seed >>> 0
  function next(): number {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  return {
    between,
    chance: probability => next() < probability,
    pick: list => list[between(0, list.length - 1)]!,
  }
}
