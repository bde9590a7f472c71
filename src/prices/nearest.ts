/** The known name that a mistyped one may have meant. */

/** So many letters may be wrong, missing, or too many. */
const MOST_WRONG = 2
/** No name is longer; what is, is not compared. */
const LONGEST = 64

export function nearest(mistyped: string, names: readonly string[]): string | undefined {
  const typed = mistyped.trim().toLowerCase()
  return alike(typed, names) ?? alike(plainName(typed), names) ?? reordered(plainName(typed), names)
}

/** What aggregators, clouds and coding agents put around a model's own name, one after the other. */
const AROUND = [
  // anthropic/claude-haiku-4-5, models/gpt-6-luna
  /^.*\//,
  // claude-haiku-4-5[1m]
  /\s*\[[^\]]*\]$/,
  // gpt-6-luna:free, claude-haiku-4-5@20251001
  /[:@][a-z0-9._-]*$/,
  // us.anthropic.claude-haiku-4-5-v1 (what stood behind the colon is gone)
  /^([a-z]+\.)+/,
  /-v\d$/,
]

function plainName(typed: string): string {
  return AROUND.reduce((name, around) => name.replace(around, ''), typed)
}

function alike(typed: string, names: readonly string[]): string | undefined {
  if (typed.length > LONGEST) return undefined
  let [found, fewest]: [string | undefined, number] = [undefined, MOST_WRONG + 1]
  for (const name of names) {
    if (Math.abs(name.length - typed.length) > MOST_WRONG) continue
    const wrong = difference(typed, name.toLowerCase())
    if (wrong < fewest) [found, fewest] = [name, wrong]
  }
  return found
}

/** claude-4.5-haiku has the words of claude-haiku-4-5. */
function reordered(typed: string, names: readonly string[]): string | undefined {
  const words = wordsOf(typed)
  return names.find(name => wordsOf(name.toLowerCase()) === words)
}

function wordsOf(name: string): string {
  return name.split(/[-.]/).sort().join('-')
}

/** Levenshtein's distance: the fewest letters to put in, take out or change, row by row. */
function difference(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, j) => j)
  for (let i = 1; i <= a.length; i++) {
    const row = [i]
    for (let j = 1; j <= b.length; j++) {
      const changed = above[j - 1]! + (a[i - 1] === b[j - 1] ? 0 : 1)
      row.push(Math.min(changed, above[j]! + 1, row[j - 1]! + 1))
    }
    above = row
  }
  return above[b.length]!
}
