/** What lies between settings as they are and settings as they are declared. */

export interface Difference {
  /** Such as `budget.day`. */
  field: string
  /** Undefined: it is not set. */
  before: unknown
  after: unknown
}

type Settings = Readonly<Record<string, unknown>>

/** Field by field, whatever their order; lists are compared as a whole. */
export function differences(before: object, after: object, path = ''): Difference[] {
  const [was, is]: [Settings, Settings] = [{ ...before }, { ...after }]
  return [...new Set([...Object.keys(was), ...Object.keys(is)])].flatMap(name => {
    const [a, b] = [was[name], is[name]]
    const field = path + name
    // An object that is not there has no fields: what it would hold is told one by one.
    if (isObject(a) ? isObject(b) || b === undefined : isObject(b) && a === undefined) {
      return differences(isObject(a) ? a : {}, isObject(b) ? b : {}, `${field}.`)
    }
    return JSON.stringify(a) === JSON.stringify(b) ? [] : [{ field, before: a, after: b }]
  })
}

/** The merge patch (RFC 7396) that makes the one of the other: null takes away. */
export function mergePatch(before: object, after: object): object {
  const [was, is]: [Settings, Settings] = [{ ...before }, { ...after }]
  const names = [...new Set([...Object.keys(was), ...Object.keys(is)])]
  return Object.fromEntries(
    names.flatMap(name => {
      const [a, b] = [was[name], is[name]]
      if (isObject(a) && isObject(b)) return [[name, mergePatch(a, b)]]
      return JSON.stringify(a) === JSON.stringify(b) ? [] : [[name, b ?? null]]
    }),
  )
}

export function tell({ field, before, after }: Difference): string {
  return `${field}: ${show(before)} -> ${show(after)}`
}

function show(value: unknown): string {
  return value === undefined ? '-' : JSON.stringify(value)
}

function isObject(value: unknown): value is Settings {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
