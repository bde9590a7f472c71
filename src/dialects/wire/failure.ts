/** Reads the provider's name of an error inside a 200 response. Only one plain word is used, because other text may name the account. */

import { objectIn, textIn } from './json.ts'

export function failureName(error: unknown): string {
  const { code, type } = objectIn(error)
  const name = [textIn(code), typeof code === 'number' ? String(code) : undefined, textIn(type)].find(Boolean)
  return name && /^\w{1,64}$/.test(name) ? name : 'error'
}

/** Returns the error of a response, if it has one. */
export function failureOf(error: unknown): string | undefined {
  const isEmpty = !error || (Array.isArray(error) && error.length === 0)
  return isEmpty ? undefined : failureName(error)
}
