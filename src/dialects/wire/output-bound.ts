/**
 * Computes the highest output of a request. The parameters of all formats count, because an upstream may accept the names
 * of another format than its route's.
 */

import { readCount, wrong } from './fields.ts'
import type { JsonObject } from './json.ts'
import type { Member } from './json-scan.ts'
import { MOST_GROWTH, normalizationGrowth } from './prompt-size.ts'
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
  const known = own.flatMap(name => readCount(request, name, least) ?? [])
  if (known.length === 0) return undefined
  const others = maxOutputNames
    .map(name => request[name])
    .filter(Number.isSafeInteger)
    .map(Number)
  return Math.max(...known, ...others)
}

/**
 * Returns the highest output tokens of a prediction. Its rejected tokens are charged as output, and no provider documents that the
 * ceiling includes them. `growth` measures what normalising adds to the whole body.
 */
export function predicted(
  { prediction }: JsonObject,
  raw: Buffer,
  members: readonly Member[],
  growth: () => number,
): number {
  const member = members.find(({ name }) => name === 'prediction')
  if (!prediction || !member) return 0
  const bytes = member.end - member.start
  // The growth of the whole body also bounds the prediction's, unless the body is too long to be measured.
  const most = Number.isFinite(growth()) ? growth() : normalizationGrowth(raw, prediction, bytes)
  return bytes + Math.min(most, MOST_GROWTH * bytes)
}
