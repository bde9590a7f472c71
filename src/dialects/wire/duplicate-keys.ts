/**
 * Refuses a request with a repeated key. Parsers differ in which value counts, and some read `Model` as `model`, so the
 * provider might read the request in another way than the gateway.
 */

import { refusal } from '../../errors.ts'
import { isObject, type JsonObject } from './json.ts'
import type { Member } from './json-scan.ts'

/** All members of a request that the gateway reads. It also reads the content of the `containers`. */
export interface MembersRead {
  known: ReadonlySet<string>
  containers: ReadonlySet<string>
}

export function refuseDuplicateKeys(body: JsonObject, members: readonly Member[], read: MembersRead): void {
  const seen = new Set<string>()
  for (const { name } of members) {
    // The names that are read are in lower case.
    const folded = read.known.has(name) ? name : fold(name)
    if (!read.known.has(folded)) continue
    if (name !== folded) throw ambiguous(folded, `is also written as ${JSON.stringify(name)}`)
    if (seen.has(folded)) throw ambiguous(folded, 'stands there more than once')
    seen.add(folded)
  }
  for (const { name, names } of members) {
    if (names > 0 && read.containers.has(name) && countNames(body[name]) !== names)
      throw ambiguous(name, 'holds an object that repeats a key')
  }
}

/** Compares names without case in all of Unicode, as the most tolerant parsers do. */
function fold(name: string): string {
  return name.toUpperCase().toLowerCase()
}

function ambiguous(param: string, what: string) {
  return refusal('invalid_request', `${param} ${what}; it can be read in two ways, expected just one.`, {
    details: { param },
  })
}

/** Number of members of all objects in a value. The text has more if a key is repeated. */
function countNames(value: unknown): number {
  let names = 0
  if (Array.isArray(value)) for (const one of value) names += countNames(one)
  else if (isObject(value)) for (const name in value) names += 1 + countNames(value[name])
  return names
}
