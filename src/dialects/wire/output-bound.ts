/**
 * Computes the highest output of a request. The parameters of all formats count, because an upstream may accept the names
 * of another format than its route's.
 */

import { readCount, wrong } from './fields.ts'
import { isCount, type JsonObject } from './json.ts'
import { placesIn } from './unbounded.ts'

/** Parameters for the number of completions. A provider may generate more than it returns. */
export const completionNames: readonly string[] = [
  'n',
  'best_of',
  'num_completions',
  'num_generations',
  'num_return_sequences',
  'candidate_count',
]
export const maxOutputNames: readonly string[] = ['max_tokens', 'max_completion_tokens', 'max_output_tokens']
/** Largest `n` that OpenAI accepts. */
const MOST_COMPLETIONS = 128

/** Returns the highest number of completions. Each can be as long as the ceiling. */
export function completionsOf(request: JsonObject): number {
  let most = 1
  for (const place of placesIn(request)) {
    for (const name of completionNames) {
      const found = readCount(place, name, 1) ?? 1
      if (found > MOST_COMPLETIONS) throw wrong(name, found, `a whole number from 1 to ${MOST_COMPLETIONS}`)
      most = Math.max(most, found)
    }
  }
  return most
}

/** Returns the largest ceiling, because any of several may apply. Undefined if the request has none of the route's `own`. */
export function maxOutputTokensOf(
  request: JsonObject,
  own: readonly string[],
  least: number,
): number | undefined {
  let largest: number | undefined
  for (const name of own) {
    const ceiling = readCount(request, name, least)
    if (ceiling !== undefined) largest = Math.max(ceiling, largest ?? 0)
  }
  if (largest === undefined) return undefined
  for (const name of maxOutputNames) {
    const ceiling = request[name]
    if (isCount(ceiling)) largest = Math.max(ceiling, largest)
  }
  return largest
}
