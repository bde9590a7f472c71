/** The schema of UPSTREAMS_FILE. */

import { type Static, Type } from 'typebox'
import { pricePatch } from '../pricing/file.ts'
import { type TypeName, upstreamTypes } from './types.ts'

const strict = { additionalProperties: false }
const name = Type.String({ pattern: '^[a-z0-9][a-z0-9._-]{0,62}$' })
const model = Type.String({ pattern: '^\\S+$' })

const key = Type.Union([
  Type.Object({ env: Type.String() }, strict),
  Type.Object({ file: Type.String() }, strict),
])

export const upstreamEntry = Type.Object(
  {
    name,
    type: Type.Unsafe<TypeName>(Type.String({ enum: Object.keys(upstreamTypes) })),
    baseUrl: Type.Optional(Type.String()),
    /** Sources of its keys. Several are balanced. */
    keys: Type.Optional(Type.Array(key)),
    /** For types whose base URL or authorization needs them. */
    region: Type.Optional(Type.String()),
    project: Type.Optional(Type.String()),
    /** Ours: theirs. Patterns, too. Absent: every model that its type can serve, by its own name. */
    models: Type.Optional(Type.Record(model, model)),
    prices: Type.Optional(Type.Interface([pricePatch], { multiplier: Type.Optional(Type.String()) })),
    limits: Type.Optional(Type.Object({ concurrency: Type.Optional(Type.Integer({ minimum: 1 })) }, strict)),
    /** Added to each request. */
    headers: Type.Optional(Type.Record(Type.String(), Type.String())),
    /** Time to the headers of a response. Absent: what UPSTREAM_TIMEOUT_SECONDS leaves, shared by the remaining targets. */
    timeoutSeconds: Type.Optional(Type.Number({ exclusiveMinimum: 0 })),
  },
  strict,
)

const target = Type.Object(
  {
    upstream: name,
    /** Our name of the model there. Absent: the model asked for. */
    model: Type.Optional(model),
    weight: Type.Optional(Type.Integer({ minimum: 0, maximum: 1_000_000 })),
  },
  strict,
)

export const routeEntry = Type.Object(
  {
    /** Names and patterns of the models that callers ask for. */
    models: Type.Array(model, { minItems: 1 }),
    /** Upstreams in the order in which they are tried. */
    order: Type.Optional(Type.Array(name, { minItems: 1 })),
    /** Or equal targets that share the calls by weight. */
    targets: Type.Optional(Type.Array(target, { minItems: 1 })),
    /** Attempts after the first. Absent: one for each further target. */
    retries: Type.Optional(Type.Integer({ minimum: 0, maximum: 10 })),
    /** The longest wait of an upstream's `retry-after` that is waited for, in milliseconds. */
    retryWithinMs: Type.Optional(Type.Integer({ minimum: 0, maximum: 60_000 })),
    sticky: Type.Optional(Type.Union([Type.Literal('client'), Type.Literal('client+prefix')])),
  },
  strict,
)

export const upstreamsFile = Type.Object(
  { upstreams: Type.Array(upstreamEntry, { minItems: 1 }), routes: Type.Optional(Type.Array(routeEntry)) },
  strict,
)

export type UpstreamEntry = Static<typeof upstreamEntry>
export type KeySource = Static<typeof key>
export type RouteEntry = Static<typeof routeEntry>
export type UpstreamsFile = Static<typeof upstreamsFile>
