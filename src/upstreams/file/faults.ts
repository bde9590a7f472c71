/** Faults of UPSTREAMS_FILE that its schema cannot find. */

import { didYouMean } from '../../pricing/nearest.ts'
import { type Fault, fault } from '../../pricing/schema-faults.ts'

export interface FileFault extends Fault {
  /** What to do. Absent: correct the file. */
  fix?: string
}

/** A part of a JSON pointer. */
export function escaped(name: string): string {
  return name.replaceAll('~', '~0').replaceAll('/', '~1')
}

/** A name that is not in a list, with the nearest one that is. */
export function unknownName(path: string, found: string, expected: string, known: readonly string[]): Fault {
  const question = didYouMean(found, known)
  return fault(path, found, question === '' ? expected : `${expected}.${question}`)
}

/** The repeated items. `keyOf` returns the value that must be unique. */
export function repeated<Item>(items: readonly Item[], keyOf: (item: Item) => string): [Item, number][] {
  const keys = items.map(keyOf)
  return items.flatMap((item, i): [Item, number][] => (keys.indexOf(keys[i]!) < i ? [[item, i]] : []))
}
