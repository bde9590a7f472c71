/** One upstream: its connections, its keys, its circuits, and what its type says of it. */

import type { Pool } from 'undici'
import { dialects } from '../dialects/index.ts'
import { type CircuitState, type Circuits, createCircuits } from './circuits.ts'
import { openPool } from './connection.ts'
import type { UpstreamEntry } from './file.ts'
import { createKeys, type Key } from './keys.ts'
import { joinPaths, typeOf, type UpstreamType } from './types.ts'

export interface UpstreamSettings extends UpstreamEntry {
  /** The keys in force now. */
  secrets: readonly (() => string | undefined)[]
}

export interface Upstream {
  name: string
  settings: UpstreamSettings
  type: UpstreamType
  pool: Pool
  /** Its origin, for the log, metrics and the admin API. */
  server: { address: string; port: number }
  /** Its path for each path of a dialect that it speaks. */
  paths: ReadonlyMap<string, string>
  keys: readonly Key[]
  /** The circuits for failures, by model. Each key has circuits of its own, for refusals and rate limits. */
  circuits: Circuits
  /** Attempts that run now. */
  running: number
}

/** `timeoutMs`: the longest silence of a response. */
export function connectUpstream(settings: UpstreamSettings, timeoutMs: number): Upstream {
  const type = typeOf(settings.type)
  const { hostname, origin, pathname, port, protocol } = new URL(settings.baseUrl ?? type.baseUrl ?? '')
  return {
    name: settings.name,
    settings,
    type,
    pool: openPool(origin, timeoutMs),
    server: { address: hostname, port: Number(port || (protocol === 'https:' ? 443 : 80)) },
    paths: new Map(
      dialects.flatMap(({ name, path }) => {
        const own = type.paths[name]
        return own === undefined ? [] : [[path, joinPaths(pathname, own)] as const]
      }),
    ),
    keys: createKeys(settings.secrets),
    circuits: createCircuits(),
    running: 0,
  }
}

/** The upstream's path and query for those of a dialect; undefined: it does not speak the dialect. */
export function pathAt({ paths }: Upstream, target: string): string | undefined {
  const query = target.indexOf('?')
  if (query < 0) return paths.get(target)
  const path = paths.get(target.slice(0, query))
  return path === undefined ? undefined : path + target.slice(query)
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
