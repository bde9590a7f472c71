/** Finds the known name that is nearest to a mistyped name. */

import { plainName } from './names.ts'

/** Highest number of wrong, missing or extra letters. In a short name fewer than half of the letters may be wrong. */
const MOST_WRONG = 2
/** Longest name that is compared, because the comparison takes quadratic time. */
const LONGEST = 64
/** Longest name with a vendor's prefix and a suffix. */
const LONGEST_SPELLING = 256

/** Returns a question for an error text; empty if no name is near. */
export function didYouMean(mistyped: string, names: readonly string[]): string {
  const meant = nearest(mistyped, names)
  return meant === undefined ? '' : ` Did you mean ${meant}?`
}

export function nearest(mistyped: string, names: readonly string[]): string | undefined {
  const typed = mistyped.trim().toLowerCase()
  if (typed.length > LONGEST_SPELLING) return undefined
  const { base } = plainName(typed)
  return alike(typed, names) ?? alike(base, names) ?? names.find(name => plainName(name).base === base)
}

function alike(typed: string, names: readonly string[]): string | undefined {
  if (typed.length > LONGEST) return undefined
  const most = Math.min(MOST_WRONG, Math.ceil(typed.length / 2) - 1)
  let [found, fewest]: [string | undefined, number] = [undefined, most + 1]
  for (const name of names) {
    if (Math.abs(name.length - typed.length) > most) continue
    const wrong = difference(typed, name.toLowerCase())
    if (wrong < fewest) [found, fewest] = [name, wrong]
  }
  return found
}

/** Edit distance with swaps of neighbouring letters (optimal string alignment). */
export function difference(a: string, b: string): number {
  let earlier: number[] = []
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      const isSwapped = i > 1 && j > 1 && a[i - 1] === b[j - 2] && a[i - 2] === b[j - 1]
      const swapped = isSwapped ? earlier[j - 2]! + 1 : changed
      row.push(Math.min(changed, swapped, above[j]! + 1, row[j - 1]! + 1))
    }
    earlier = above
    above = row
  }
  return above[b.length]!
}
