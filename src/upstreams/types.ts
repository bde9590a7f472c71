/**
 * The types of upstreams as data: one row a provider. A row says where its API is, how a request is authorized, which
 * dialects it speaks, and in what it differs from the provider whose format it has.
 */

import type { Dialect, Edits } from '../dialects/dialect.ts'
import { cloudTypes } from './types/clouds.ts'
import { formatTypes } from './types/formats.ts'
import { hostTypes } from './types/hosts.ts'
import { makerTypes } from './types/makers.ts'
import type { UpstreamType } from './types/type.ts'

export { baseUrlOf, joinPaths, pathOf } from './addresses.ts'
export type { Auth, Quirks, UpstreamType } from './types/type.ts'

export const upstreamTypes = { ...formatTypes, ...cloudTypes, ...makerTypes, ...hostTypes }

export type TypeName = keyof typeof upstreamTypes

export function typeOf(name: TypeName): UpstreamType {
  return upstreamTypes[name]
}

/** The makers whose models it serves with this dialect, by their own names. Undefined: any model. */
export function makersOf(type: UpstreamType, dialect: string): readonly string[] | undefined {
  return type.makersByDialect?.[dialect] ?? type.makers
}

/** The headers of the incoming request that it gets, of those that the dialect forwards. */
export function requestHeadersOf({ withoutHeaders }: UpstreamType, dialect: Dialect): readonly string[] {
  const { requestHeaders } = dialect
  return withoutHeaders ? requestHeaders.filter(name => !withoutHeaders.includes(name)) : requestHeaders
}

/** Its own name of a model, unless the file has one. */
export function modelNameOf(type: UpstreamType, dialect: string, model: string): string {
  let name = model
  for (const [pattern, replacement] of type.names?.[dialect] ?? []) name = name.replace(pattern, replacement)
  return name
}

/** What the body of a request to it needs. `model`: its own name of the model, if that is not the one asked for. */
export function editsOf(type: UpstreamType, dialect: string, model?: string): Edits {
  const { outputLimit, onlyOutputLimit, refusesStreamOptions } = type.quirks
  return {
    ...(outputLimit !== undefined && { outputLimit }),
    ...(onlyOutputLimit !== undefined && { onlyOutputLimit }),
    ...(refusesStreamOptions !== undefined && { refusesStreamOptions }),
    ...type.edits?.[dialect],
    ...(model !== undefined && { model }),
  }
}
