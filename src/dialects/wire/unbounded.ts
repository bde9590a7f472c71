/** Finds the features of a request without a bound on the cost, each with the client setting that allows it. */

import type { AllowedFeature, ParsedRequest } from '../dialect.ts'
import { isObject, type JsonObject, objectIn, partsOf, textIn } from './json.ts'
import type { Media } from './media.ts'

export type Unbounded = ParsedRequest['unbounded']

/**
 * Members that add input or calls, or that use content of other clients with the same upstream key. Each counts on every
 * route, because an upstream may accept the names of all formats, and aggregators add their own.
 */
const features: ReadonlyMap<string, AllowedFeature> = new Map<string, AllowedFeature>([
  ['mcp_servers', 'server_tools'],
  ['compaction', 'server_tools'],
  ['multi_agent', 'server_tools'],
  ['fallbacks', 'server_tools'],
  ['fallback_model', 'server_tools'],
  ['fallback_models', 'server_tools'],
  ['fallback_credit_token', 'server_tools'],
  ['models', 'server_tools'],
  ['plugins', 'server_tools'],
  ['preset', 'server_tools'],
  ['web_search_options', 'server_tools'],
  ['web_search', 'server_tools'],
  ['search_parameters', 'server_tools'],
  ['enable_search', 'server_tools'],
  ['compound_custom', 'server_tools'],
  ['data_sources', 'server_tools'],
  ['container', 'stored'],
  ['thread', 'stored'],
  ['conversation', 'stored'],
  ['previous_response_id', 'stored'],
  ['prompt', 'stored'],
  ['background', 'background'],
])
/** The object for members that an SDK does not know. */
const EXTRA = 'extra_body'

/** The members that these functions read. A request that repeats one is refused. */
export const unboundedNames: readonly string[] = [
  ...features.keys(),
  EXTRA,
  'context_management',
  'reasoning',
]

const NONE: Unbounded = []

/** Optional features of an SDK, each with the error code that makes the SDK retry without it. */
const errorCodes: ReadonlyMap<string, { errorCode: string }> = new Map([
  ['thread', { errorCode: 'thread_unsupported_request' }],
])

/** Returns the features without a bound that the members of a request use, on any route. */
export function unboundedMembers(request: JsonObject): Unbounded[number][] {
  const found: Unbounded[number][] = []
  for (const place of placesIn(request)) {
    for (const feature in place) {
      const allowedBy = features.get(feature)
      if (allowedBy && has(place, feature)) found.push({ feature, allowedBy, ...errorCodes.get(feature) })
    }
    found.push(...unboundedEdits(place), ...unboundedMode(place))
  }
  return found
}

/** Returns the objects that may have members of a request. */
export function placesIn(request: JsonObject): JsonObject[] {
  const extra = request[EXTRA]
  return isObject(extra) ? [request, extra] : [request]
}

/** An edit that clears context shortens the input. Any other edit may call a model. */
function unboundedEdits({ context_management: managed }: JsonObject): Unbounded {
  if (managed === undefined) return NONE
  if (isObject(managed) && Object.keys(managed).length === 0) return NONE
  const edits = partsOf(isObject(managed) && 'edits' in managed ? managed.edits : managed)
  return edits
    .map(({ type }) => textIn(type) ?? 'an edit')
    .filter(type => !type.startsWith('clear_'))
    .map(type => ({ feature: `context_management ${type}`, allowedBy: 'server_tools' }))
}

/** Modes other than the standard one may run the model several times for one response. */
export function unboundedMode({ reasoning }: JsonObject): Unbounded {
  if (reasoning === undefined) return NONE
  const mode = objectIn(reasoning).mode ?? 'standard'
  return mode === 'standard'
    ? NONE
    : [{ feature: `reasoning.mode ${JSON.stringify(mode)}`, allowedBy: 'server_tools' }]
}

export function unboundedMedia({ unbounded }: Media): Unbounded {
  if (unbounded.size === 0) return NONE
  return [...unbounded].map(([feature, allowedBy]) => ({ feature, allowedBy }))
}

/** Returns true if the call may have input or output that neither the request nor the response shows. Files are bounded like media. */
export function hidesWork(unbounded: Unbounded): boolean {
  return unbounded.some(({ allowedBy }) => allowedBy === 'server_tools' || allowedBy === 'stored')
}

/** Returns true if the member is used. Null, false, an empty string or list, and a disabled object do not count. */
export function has(request: JsonObject, name: string): boolean {
  const value = request[name] ?? false
  if (isObject(value)) return value.enabled !== false && value.mode !== 'off'
  return value !== false && value !== '' && !(Array.isArray(value) && value.length === 0)
}
