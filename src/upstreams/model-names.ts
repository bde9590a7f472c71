/** Patterns of model names. `*` stands for any text, and there is no other wildcard. */

/** What each `*` of the pattern stands for in this name; undefined: the pattern does not match. The time is linear. */
export function matchModel(pattern: string, name: string): string[] | undefined {
  const [first = '', ...middle] = pattern.split('*')
  const last = middle.pop()
  if (last === undefined) return name === pattern ? [] : undefined
  if (!name.startsWith(first)) return undefined
  const matched: string[] = []
  let at = first.length
  for (const part of middle) {
    const found = name.indexOf(part, at)
    if (found < 0) return undefined
    matched.push(name.slice(at, found))
    at = found + part.length
  }
  const end = name.length - last.length
  if (end < at || !name.endsWith(last)) return undefined
  return [...matched, name.slice(at, end)]
}

export function isPattern(name: string): boolean {
  return name.includes('*')
}

/**
 * True if the pattern matches every name that the other pattern matches. The other pattern's `*` is compared as a letter:
 * only a `*` can match it.
 */
export function isAsWide(pattern: string, other: string): boolean {
  return matchModel(pattern, other) !== undefined
}

/**
 * The upstream's name of a model of ours. The exact name comes first, then the patterns in the order of the file. A `*` in
 * the upstream's name becomes the text that the `*` at the same place of our pattern matched. Without a map the name stays.
 * Undefined: the map has no such model.
 */
export function mappedModel(
  models: Readonly<Record<string, string>> | undefined,
  ours: string,
): string | undefined {
  if (!models) return ours
  if (Object.hasOwn(models, ours) && !isPattern(ours)) return models[ours]
  for (const [pattern, theirs] of Object.entries(models)) {
    const matched = isPattern(pattern) ? matchModel(pattern, ours) : undefined
    if (matched) return filled(theirs, matched)
  }
  return undefined
}

function filled(theirs: string, matched: readonly string[]): string {
  let at = 0
  return theirs.replaceAll('*', () => matched[at++] ?? '')
}
