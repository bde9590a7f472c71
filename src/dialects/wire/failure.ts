/** The provider's name for an error inside a good answer. Only a plain word is taken: the rest may tell whose key it is. */

import { objectIn, textIn } from './json.ts'

export function failureName(error: unknown): string {
  const { code, type } = objectIn(error)
  const name = [textIn(code), typeof code === 'number' ? String(code) : undefined, textIn(type)].find(Boolean)
  return name && /^\w{1,64}$/.test(name) ? name : 'error'
}

/** The error of an answer that may have one. */
export function failureOf(error: unknown): string | undefined {
  const isEmpty = !error || (Array.isArray(error) && error.length === 0)
  return isEmpty ? undefined : failureName(error)
}
