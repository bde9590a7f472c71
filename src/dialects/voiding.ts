/** Features that void the bound on a call's cost: each is named, with the client setting that allows it. */

import type { Ask, Opening } from './dialect.ts'
import type { JsonObject } from './json.ts'
import type { Media } from './media.ts'

type Unbounded = Ask['unbounded']

/** Members of a request that void the bound wherever they are used. */
export type VoidingMembers = readonly (readonly [name: string, opening: Opening])[]

export function voidingMembers(request: JsonObject, members: VoidingMembers): Unbounded {
  return members.filter(([name]) => has(request, name)).map(([feature, opening]) => ({ feature, opening }))
}

export function voidingMedia({ files }: Media): Unbounded {
  return files ? [{ feature: 'file ids', opening: 'files' }] : []
}

/** Does more go into the call, or come out of it, than the request and the answer show? Files are bounded as media are. */
export function hidesWork(unbounded: Unbounded): boolean {
  return unbounded.some(({ opening }) => opening === 'server_tools' || opening === 'stored')
}

/** Is there something under this name: not null, not false, not an empty list? */
export function has(request: JsonObject, name: string): boolean {
  const value = request[name] ?? false
  return value !== false && !(Array.isArray(value) && value.length === 0)
}
