/** Names and patterns of models in UPSTREAMS_FILE. */

import { matchModel } from '../clients/model-pattern.ts'
import type { PriceTable } from '../pricing/price.ts'

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

/** All names of a model, such as those with and without a date: first the one that was asked for. */
export function allNames({ namesOf }: Pick<PriceTable, 'namesOf'>, model: string): readonly string[] {
  return [model, ...namesOf(model)]
}

/** The upstream's name of a model with several names. An exact name of the map comes before a pattern. */
export function mappedName(
  models: Readonly<Record<string, string>>,
  names: readonly string[],
): string | undefined {
  const exact = names.find(name => Object.hasOwn(models, name) && !isPattern(name))
  if (exact !== undefined) return models[exact]
  return names.map(name => mappedModel(models, name)).find(theirs => theirs !== undefined)
}

function filled(theirs: string, matched: readonly string[]): string {
  let at = 0
  return theirs.replaceAll('*', () => matched[at++] ?? '')
}
