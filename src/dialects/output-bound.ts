/**
 * How much output a request can cause, by the names of all formats: an upstream may know another one than the route's own.
 */

import { readCount, wrong } from './fields.ts'
import type { JsonObject } from './json.ts'
import type { Member } from './json-scan.ts'
import { grown, MOST_GROWTH } from './prompt-size.ts'
import { placesIn } from './voiding.ts'

/** A provider may generate more answers than it returns. */
export const answerNames: readonly string[] = [
  'n',
  'best_of',
  'num_completions',
  'num_generations',
  'num_return_sequences',
  'candidate_count',
]
export const ceilingNames: readonly string[] = ['max_tokens', 'max_completion_tokens', 'max_output_tokens']
/** More than the maker takes would only make a bound without a measure. */
const MOST_ANSWERS = 128

/** How many answers are generated: each of them can be as long as the ceiling. */
export function answersOf(request: JsonObject): number {
  let most = 1
  for (const place of placesIn(request)) {
    for (const name of answerNames) {
      const found = readCount(place, name, 1) ?? 1
      if (found > MOST_ANSWERS) throw wrong(name, found, `a whole number from 1 to ${MOST_ANSWERS}`)
      most = Math.max(most, found)
    }
  }
  return most
}

/** Where a request names several ceilings, the largest may be the one that holds. Undefined: none of the route's `own`. */
export function ceilingOf(request: JsonObject, own: readonly string[], least: number): number | undefined {
  const known = own.flatMap(name => readCount(request, name, least) ?? [])
  if (known.length === 0) return undefined
  const others = ceilingNames
    .map(name => request[name])
    .filter(Number.isSafeInteger)
    .map(Number)
  return Math.max(...known, ...others)
}

/**
 * Bytes of a prediction: even what was rejected of it is charged as output, and no document says that the ceiling counts it.
 * `growth` measures what normalising adds to the whole body.
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
  // One measure for the prompt and for its prediction, where the prompt is short enough to have one.
  const most = Number.isFinite(growth()) ? growth() : grown(raw, prediction, bytes)
  return bytes + Math.min(most, MOST_GROWTH * bytes)
}
