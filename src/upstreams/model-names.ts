/** Names and patterns of models in UPSTREAMS_FILE. */

import { matchModel } from '../clients/model-pattern.ts'

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

/** The same for a model with several names, such as one with a date: that of the first name in the map. */
export function mappedName(
  models: Readonly<Record<string, string>>,
  names: readonly string[],
): string | undefined {
  for (const name of names) {
    const theirs = mappedModel(models, name)
    if (theirs !== undefined) return theirs
  }
  return undefined
}

function filled(theirs: string, matched: readonly string[]): string {
  let at = 0
  return theirs.replaceAll('*', () => matched[at++] ?? '')
}
