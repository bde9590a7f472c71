/** Loads UPSTREAMS_FILE: reads and checks it, and reads the keys that it names. */

import { checkKey } from '../auth.ts'
import type { Prices, TableOf } from '../price-tables.ts'
import { typeOf } from '../types.ts'
import type { UpstreamSettings } from '../upstream.ts'
import { readUpstreams } from './read.ts'
import type { KeySource, RouteEntry, UpstreamEntry } from './schema.ts'

export interface Loaded {
  upstreams: LoadedUpstream[]
  routes: readonly RouteEntry[]
  /** The files of keys. */
  keyFiles: string[]
}

export interface LoadedUpstream extends UpstreamSettings {
  /** Equal for two upstreams with the same settings and keys. */
  identity: string
}

export type ReadKey = (source: KeySource) => string | Error

/** Rejects with an Error that has one line per fault. */
export async function loadUpstreams(
  file: string,
  prices: Prices,
  readKey: ReadKey,
  tableOf?: TableOf,
): Promise<Loaded> {
  const { upstreams, routes = [] } = readUpstreams(file, prices, readKey, tableOf)
  const loaded = await Promise.all(upstreams.map(entry => withKeys(file, entry, readKey)))
  const sources = upstreams.flatMap(({ keys = [] }) => keys)
  return {
    upstreams: loaded,
    routes,
    keyFiles: [...new Set(sources.flatMap(source => ('file' in source ? [source.file] : [])))],
  }
}

async function withKeys(file: string, entry: UpstreamEntry, readKey: ReadKey): Promise<LoadedUpstream> {
  const { keys = [], ...settings } = entry
  const secrets = keys.map(readKey).filter(key => typeof key === 'string')
  for (const key of secrets.length > 0 ? secrets : ['']) {
    try {
      await checkKey(typeOf(entry.type), key)
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error)
      throw new Error(`UPSTREAMS_FILE: in ${JSON.stringify(file)}, upstream ${entry.name}: ${reason}`)
    }
  }
  return {
    ...settings,
    secrets: secrets.map(key => () => key),
    identity: JSON.stringify([entry, secrets]),
  }
}
