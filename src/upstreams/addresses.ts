/** Where the API of an upstream is: its base URL, and the path of a call. */

import type { UpstreamType } from './types/type.ts'

/** The upstream's options, which some addresses contain. */
export interface Place {
  region?: string
  project?: string
}

export interface CallAddress extends Place {
  /** The upstream's own name of the model. */
  model: string
  stream: boolean
  /** With or without its question mark; empty without a query. */
  query?: string
}

/** The type's base URL. Undefined: it has none. Throws if it needs an option that is missing. */
export function baseUrlOf({ baseUrl, baseUrls }: UpstreamType, place: Place): string | undefined {
  const { region } = place
  const own = region !== undefined && baseUrls && Object.hasOwn(baseUrls, region) ? baseUrls[region] : baseUrl
  return own === undefined ? undefined : filled(own, { region, project: place.project })
}

/** The path and query of a call, without the base URL's own path. Undefined: the type does not speak the dialect. */
export function pathOf(type: UpstreamType, dialect: string, call: CallAddress): string | undefined {
  const path = (call.stream ? type.streamPaths?.[dialect] : undefined) ?? type.paths[dialect]
  if (path === undefined) return undefined
  const { region, project, model } = call
  return filled(path, { region, project, model }) + queryOf(type, call.query)
}

function filled(text: string, values: Readonly<Record<string, string | undefined>>): string {
  if (!text.includes('{')) return text
  return text.replace(/\{(\w+)\}/g, (_, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`${name} is missing; ${text} needs it`)
    return encoded(value)
  })
}

/** One segment of a path. An `@` stays, because Google's names of models have it. */
function encoded(value: string): string {
  return encodeURIComponent(value).replaceAll('%40', '@')
}

/** The query that is sent, with its question mark. */
function queryOf({ withoutQuery }: UpstreamType, query = ''): string {
  const given = query.replace(/^\?/, '')
  const sent = withoutQuery
    ? given
        .split('&')
        .filter(pair => !withoutQuery.includes(pair.split('=', 1)[0] ?? ''))
        .join('&')
    : given
  return sent === '' ? '' : `?${sent}`
}

/** A version at the end of a base URL, such as `/v1` or `/v1beta`. */
const VERSION = /\/v\d+[a-z]*$/
/** The start of a path, up to its version. The query is the caller's, so it does not count. */
const TO_VERSION = /^[^?]*?\/v\d+[a-z]*(?=\/)/

/**
 * Joins the path of a base URL and that of a dialect. A part that both have is not repeated, and a version in the base
 * URL replaces the path up to its own version: `/openai/v1` + `/v1/responses` is `/openai/v1/responses`.
 */
export function joinPaths(base: string, path: string): string {
  const root = base.replace(/\/+$/, '')
  for (let length = Math.min(root.length, path.length); length > 0; length--)
    if (path[length] === '/' && root.endsWith(path.slice(0, length))) return root + path.slice(length)
  return VERSION.test(root) ? root + path.replace(TO_VERSION, '') : root + path
}
