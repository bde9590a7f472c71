/** Compares two versions of settings. */

import { isObject } from '../dialects/wire/json.ts'
export interface Difference {
  /** Such as `budget.day`. */
  field: string
  /** Undefined if it is not set. */
  before: unknown
  after: unknown
}

type Settings = Readonly<Record<string, unknown>>

/** Compares field by field, in any order. A list is one value. */
export function differences(before: object, after: object, path = ''): Difference[] {
  const [old, next]: [Settings, Settings] = [{ ...before }, { ...after }]
  return [...new Set([...Object.keys(old), ...Object.keys(next)])].flatMap(name => {
    const [a, b] = [old[name], next[name]]
    const field = path + name
    // An absent object counts as an empty one, so that each of its fields is listed.
    if (isObject(a) ? isObject(b) || b === undefined : isObject(b) && a === undefined) {
      return differences(isObject(a) ? a : {}, isObject(b) ? b : {}, `${field}.`)
    }
    return JSON.stringify(a) === JSON.stringify(b) ? [] : [{ field, before: a, after: b }]
  })
}

/** The merge patch (RFC 7396) from `before` to `after`. Null removes a field. */
export function mergePatch(before: object, after: object): object {
  const [old, next]: [Settings, Settings] = [{ ...before }, { ...after }]
  const names = [...new Set([...Object.keys(old), ...Object.keys(next)])]
  return Object.fromEntries(
    names.flatMap(name => {
      const [a, b] = [old[name], next[name]]
      if (isObject(a) && isObject(b)) return [[name, mergePatch(a, b)]]
      return JSON.stringify(a) === JSON.stringify(b) ? [] : [[name, b ?? null]]
    }),
  )
}

/** One line: `budget.day: 5 -> 10`. */
export function changeText({ field, before, after }: Difference): string {
  return `${field}: ${valueText(before)} -> ${valueText(after)}`
}

function valueText(value: unknown): string {
  return value === undefined ? '-' : JSON.stringify(value)
}
