/** Where each price of a row comes from. */

import type { OwnRow } from './file.ts'

/**
 * public: from the public list; built-in: shipped with the gateway; override: from PRICES_FILE or the upstream's own prices;
 * derived: computed from an override.
 */
export const ORIGINS = ['public', 'built-in', 'override', 'derived'] as const
export type Origin = (typeof ORIGINS)[number]
/** The origin of each price: `in`, `read`, `above`, `tiers.batch`, `tools.web_search`. */
export type Origins = Readonly<Record<string, Origin>>
/** The origins of the rows of a model, in their order. Models without an entry are built in. */
export type OriginsByModel = ReadonlyMap<string, readonly Origins[]>

export const CACHES = ['read', 'write5m', 'write1h', 'write'] as const
export const RATES = ['in', 'out', ...CACHES] as const
export const NAMED = ['tiers', 'speeds', 'geos', 'tools'] as const

/** The same origin for each price of a row. */
export function sameOrigin(row: OwnRow, origin: Origin): Record<string, Origin> {
  const names = [
    ...[...RATES, 'above' as const].filter(name => row[name] !== undefined),
    ...NAMED.flatMap(what => Object.keys(row[what] ?? {}).map(name => `${what}.${name}`)),
  ]
  return Object.fromEntries(names.map(name => [name, origin]))
}
