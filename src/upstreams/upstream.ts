/** One upstream: its connections, its keys, its circuits, and what its type says of it. */

import type { Pool } from 'undici'
import type { UpstreamPrices } from '../pricing/file.ts'
import { type Authorize, authorizerOf } from './auth.ts'
import { type CircuitState, type Circuits, createCircuits } from './circuits.ts'
import { openPool } from './connection.ts'
import type { UpstreamEntry } from './file/schema.ts'
import { createKeys, type Key } from './keys.ts'
import { baseUrlOf, joinPaths, pathOf, typeOf, type UpstreamType } from './types.ts'

export interface UpstreamSettings extends Omit<UpstreamEntry, 'keys' | 'prices'> {
  prices?: UpstreamPrices
  /** The keys in force now. */
  secrets: readonly (() => string | undefined)[]
}

export interface Upstream {
  name: string
  settings: UpstreamSettings
  /** Its paths begin with that of the base URL. */
  type: UpstreamType
  pool: Pool
  origin: string
  /** The path of its base URL, without a slash at the end. */
  basePath: string
  /** Its origin, for the log, metrics and the admin API. */
  server: { address: string; port: number }
  authorize: Authorize
  keys: readonly Key[]
  /** The circuits for failures, by model. Each key has circuits of its own, for refusals and rate limits. */
  circuits: Circuits
  /** Shared with the upstreams of this name before a reload, because limits.concurrency applies to all of their attempts. */
  attempts: { running: number }
  /** Moving average of the time to the first byte of all its models, ms; 0 before the first. */
  firstByteMs: number
  /** When it last accepted a call, in milliseconds since 1970; 0: never. */
  acceptedAt: number
  /** Attempts of any model that have failed since the last one that did not. */
  failuresInRow: number
}

/** `timeoutMs`: the longest silence of a response. Throws if its type needs an option that is missing. */
export function connectUpstream(
  settings: UpstreamSettings,
  timeoutMs: number,
  attempts = { running: 0 },
): Upstream {
  const type = typeOf(settings.type)
  const { baseUrl, name, secrets } = settings
  const place = placeOf(settings)
  const url =
    baseUrl === undefined ? baseUrlOf(type, place) : baseUrlOf({ ...type, baseUrl, baseUrls: {} }, place)
  if (url === undefined) throw new Error(`upstream ${name}: its type needs a baseUrl`)
  const { hostname, origin, pathname, port, protocol } = new URL(url)
  return {
    name,
    settings,
    type: { ...type, ...joined(type, pathname) },
    pool: openPool(origin, timeoutMs),
    origin,
    basePath: pathname.replace(/\/+$/, ''),
    server: { address: hostname, port: Number(port || (protocol === 'https:' ? 443 : 80)) },
    authorize: authorizerOf(type, place),
    keys: createKeys(secrets),
    circuits: createCircuits(),
    attempts,
    firstByteMs: 0,
    acceptedAt: 0,
    failuresInRow: 0,
  }
}

function placeOf({ region, project }: UpstreamSettings) {
  return { ...(region !== undefined && { region }), ...(project !== undefined && { project }) }
}

function joined({ paths, streamPaths = {}, modelsPath }: UpstreamType, root: string) {
  const all = (own: UpstreamType['paths']) =>
    Object.fromEntries(Object.entries(own).map(([dialect, path]) => [dialect, joinPaths(root, path)]))
  return {
    paths: all(paths),
    streamPaths: all(streamPaths),
    ...(modelsPath !== undefined && { modelsPath: joinPaths(root, modelsPath) }),
  }
}

/** The path and query of a request. `model`: the upstream's own name. Undefined: it does not speak the dialect. */
export function pathAt(
  { type, settings }: Upstream,
  dialect: { name: string; path: string },
  call: { target: string; model: string; stream: boolean },
): string | undefined {
  const { target, model, stream } = call
  return pathOf(type, dialect.name, {
    ...placeOf(settings),
    model,
    stream,
    query: target.slice(dialect.path.length),
  })
}

/** A circuit of an upstream; `key` is the number of its key, from 1, if it has several and the circuit is that of one. */
export type UpstreamCircuit = CircuitState & { key?: number }

/** Every circuit that has opened since the start. */
export function circuitsOf({ circuits, keys }: Upstream): UpstreamCircuit[] {
  const ofKeys = keys.flatMap((key, i) =>
    key.circuits.states().map(state => (keys.length > 1 ? { ...state, key: i + 1 } : state)),
  )
  return [...circuits.states(), ...ofKeys]
}

/** True: neither its failures nor its keys keep calls of a model away. */
export function isOpenFor({ circuits, keys }: Upstream, model: string): boolean {
  return circuits.retryMs(model) === 0 && keys.some(key => key.circuits.retryMs(model) === 0)
}
