/** Patterns of model names, in a client's list and in UPSTREAMS_FILE. `*` stands for any text, and there is no other wildcard. */

/** What each `*` of the pattern stands for in this name; undefined: the pattern does not match. */
export function matchModel(pattern: string, name: string): string[] | undefined {
  return matchParts(pattern.split('*'), name)
}

/** The pattern is split at its `*`. The time is linear, because a caller chooses the name. */
export function matchParts(parts: readonly string[], name: string): string[] | undefined {
  const [first = '', ...middle] = parts
  const last = middle.pop()
  if (last === undefined) return name === first ? [] : undefined
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
  return end >= at && name.endsWith(last) ? [...matched, name.slice(at, end)] : undefined
}
