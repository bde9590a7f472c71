/**
 * A request must mean one thing. JSON lets a key be repeated, and readers differ in which one counts (some even take
 * `Model` for `model`): a request whose meaning the provider might read another way is refused.
 */

import { refusal } from '../../errors.ts'
import { isObject, type JsonObject } from './json.ts'
import type { Member } from './json-scan.ts'

/** All members of a request that the gateway reads, and the `containers` among them, whose content it reads too. */
export interface MembersRead {
  known: ReadonlySet<string>
  containers: ReadonlySet<string>
}

export function refuseDuplicateKeys(body: JsonObject, members: readonly Member[], read: MembersRead): void {
  const seen = new Set<string>()
  for (const { name } of members) {
    const folded = fold(name)
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

/** As the most generous readers compare names: without case, in all of Unicode. */
function fold(name: string): string {
  return name.toUpperCase().toLowerCase()
}

function ambiguous(param: string, what: string) {
  return refusal('invalid_request', `${param} ${what}; it can be read in two ways, expected just one.`, {
    details: { param },
  })
}

/** How many members all objects in a value have: fewer than its text has, if one repeats a key. */
function countNames(value: unknown): number {
  let names = 0
  if (Array.isArray(value)) for (const one of value) names += countNames(one)
  else if (isObject(value)) for (const name in value) names += 1 + countNames(value[name])
  return names
}
