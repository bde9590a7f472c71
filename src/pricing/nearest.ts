/** Finds the known name that is nearest to a mistyped name. */

import { plainName } from './names.ts'

/** Highest number of wrong, missing or extra letters. In a short name fewer than half of the letters may be wrong. */
const MOST_WRONG = 2
/** Longest name that is compared, because the comparison takes quadratic time. */
const LONGEST = 64
/** Longest name with a vendor's prefix and a suffix. */
const LONGEST_SPELLING = 256

/** The plain names of known names. Cached, because every refusal of an unknown model compares them all. */
const bases = new Map<string, string>()
/** More names than the tables have; names of earlier tables do not stay for ever. */
const MOST_BASES = 20_000

/** Returns a question for an error text; empty if no name is near. */
export function didYouMean(mistyped: string, names: readonly string[]): string {
  const meant = nearest(mistyped, names)
  return meant === undefined ? '' : ` Did you mean ${meant}?`
}

export function nearest(mistyped: string, names: readonly string[]): string | undefined {
  const typed = mistyped.trim().toLowerCase()
  if (typed.length > LONGEST_SPELLING) return undefined
  const { base } = plainName(typed)
  return alike(typed, names) ?? alike(base, names) ?? names.find(name => baseOf(name) === base)
}

function baseOf(name: string): string {
  const known = bases.get(name)
  if (known !== undefined) return known
  if (bases.size >= MOST_BASES) bases.clear()
  const { base } = plainName(name)
  bases.set(name, base)
  return base
}

function alike(typed: string, names: readonly string[]): string | undefined {
  if (typed.length > LONGEST) return undefined
  const most = Math.min(MOST_WRONG, Math.ceil(typed.length / 2) - 1)
  let [found, fewest]: [string | undefined, number] = [undefined, most + 1]
  for (const name of names) {
    if (Math.abs(name.length - typed.length) > most) continue
    const wrong = difference(typed, name.toLowerCase(), most)
    if (wrong < fewest) [found, fewest] = [name, wrong]
  }
  return found
}

/**
 * Edit distance with swaps of neighbouring letters (optimal string alignment). A distance above `most` is any number above
 * it: only letters that are at most so far apart are compared.
 */
export function difference(a: string, b: string, most = Number.POSITIVE_INFINITY): number {
  let earlier: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  let leastAbove = 0
  for (let i = 1; i <= a.length; i++) {
    const row = new Array<number>(b.length + 1).fill(Number.POSITIVE_INFINITY)
    row[0] = i
    let least = i
    for (let j = Math.max(1, i - most); j <= Math.min(b.length, i + most); j++) {
      const changed = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwapped ? earlier[j - 2]! + 1 : changed
      const wrong = Math.min(changed, swapped, above[j]! + 1, row[j - 1]! + 1)
      row[j] = wrong
      if (wrong < least) least = wrong
    }
    if (least > most && leastAbove > most) return least
    earlier = above
    above = row
    leastAbove = least
  }
  return above[b.length]!
}
