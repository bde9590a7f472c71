/**
 * The order in which a call tries the targets of its route. Equal targets share the calls by weight, and those of the same
 * weight by load. A sticky route sends the calls of one client and prompt prefix to the same target, so that the provider's
 * prompt cache is hit; while that target is away, they all go to the same second one.
 */

import type { Candidate, Plan } from './routing.ts'

/**
 * The candidates of a plan, the preferred one first. `stickyHash` is read only if the plan is sticky; `now` is on the monotonic
 * clock, ms.
 */
export function ordered(plan: Plan, stickyHash: () => number, now = performance.now()): readonly Candidate[] {
  const { candidates, isBalanced, sticky } = plan
  if (!isBalanced) return candidates
  return sticky ? byStickiness(candidates, stickyHash()) : byWeightAndLoad(candidates, now)
}

/**
 * Weighted rendezvous hashing: each target draws a number from the key, and the largest comes first. A target that leaves or
 * comes back moves only its own keys. The share of a target is its weight / the sum of the weights (Schindelhauer and
 * Schomaker, 2005).
 */
function byStickiness(candidates: readonly Candidate[], hash: number): Candidate[] {
  const draws = candidates.map(candidate => ({ candidate, draw: drawOf(hash, candidate) }))
  return draws.sort((a, b) => b.draw - a.draw).map(({ candidate }) => candidate)
}

function drawOf(hash: number, { weight, nameHash }: Candidate): number {
  const uniform = (mixed(hash, nameHash) + 0.5) / 2 ** 32
  return weight === 0 ? uniform - 2 : -weight / Math.log(uniform)
}

/** Mixes two 32-bit numbers into one, evenly distributed (the finalizer of MurmurHash3). */
function mixed(a: number, b: number): number {
  let h = (a ^ Math.imul(b, 0x9e3779b1)) >>> 0
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b)
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35)
  return (h ^ (h >>> 16)) >>> 0
}

/** A target that gets no calls, because it was slow, is tried again: its time counts half after these milliseconds. */
const HALF_LIFE = 5000

/**
 * The first is drawn by weight, and is the least loaded one of its weight. The others follow by load: running attempts x the
 * usual time to the first byte. A target that has served no call counts as fast as the fastest.
 */
function byWeightAndLoad(candidates: readonly Candidate[], now: number): Candidate[] {
  const usualMs = ({ firstByteMs, learnedAt }: Candidate) =>
    firstByteMs * 2 ** (Math.min(0, learnedAt - now) / HALF_LIFE)
  const fastest = Math.min(...candidates.map(one => usualMs(one) || Number.POSITIVE_INFINITY))
  const load = (one: Candidate) =>
    (one.running + 1) * (usualMs(one) || (fastest === Number.POSITIVE_INFINITY ? 1 : fastest))
  const sorted = candidates.toSorted((a, b) => load(a) - load(b) || b.weight - a.weight)
  const total = candidates.reduce((sum, { weight }) => sum + weight, 0)
  const weight = drawnWeight(candidates, Math.random() * total)
  const first = Math.max(
    0,
    sorted.findIndex(one => one.weight === weight),
  )
  return [...sorted.splice(first, 1), ...sorted.filter(isUsed), ...sorted.filter(one => !isUsed(one))]
}

function drawnWeight(candidates: readonly Candidate[], draw: number): number | undefined {
  let left = draw
  for (const { weight } of candidates) {
    left -= weight
    if (left < 0) return weight
  }
  return undefined
}

/** A target of weight 0 gets calls only after all others failed. */
function isUsed({ weight }: Candidate): boolean {
  return weight > 0
}

/** The share of a new time in the moving average. */
const NEW_SHARE = 0.2

/** Counts the time to the first byte of an attempt, for its target and for the whole upstream. */
export function learnFirstByte(candidate: Candidate, ms: number): void {
  candidate.learnedAt = performance.now()
  for (const one of [candidate, candidate.upstream])
    one.firstByteMs = one.firstByteMs === 0 ? ms : one.firstByteMs * (1 - NEW_SHARE) + ms * NEW_SHARE
}
