/** How many answers a request makes a provider generate: each of them can be as long as the ceiling. */

import { readCount, wrong } from './fields.ts'
import type { JsonObject } from './json.ts'

/** The names that providers and compatible servers know; a provider may generate more answers than it returns. */
export const answerNames: readonly string[] = [
  'n',
  'best_of',
  'num_completions',
  'num_generations',
  'num_return_sequences',
  'candidate_count',
]
/** More than the maker takes would only make a bound without a measure. */
const MOST_ANSWERS = 128

export function answersOf(request: JsonObject): number {
  let most = 1
  for (const name of answerNames) {
    const found = readCount(request, name, 1) ?? 1
    if (found > MOST_ANSWERS) throw wrong(name, found, `a whole number from 1 to ${MOST_ANSWERS}`)
    most = Math.max(most, found)
  }
  return most
}
