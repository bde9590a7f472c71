/** The price table of each upstream of UPSTREAMS_FILE, and the faults of its own prices. */

import type { PriceTable } from '../pricing/price.ts'
import type { FileFault } from './file/faults.ts'
import type { UpstreamEntry } from './file/schema.ts'

export type Prices = Pick<PriceTable, 'find' | 'names' | 'namesOf'>

/** Throws an Error with a line per fault: the place in the upstream's prices, a colon, the found and the expected value. */
export type TableOf = (upstream: UpstreamEntry) => Prices

export function tablesOf(
  upstreams: readonly UpstreamEntry[],
  tableOf: TableOf,
): { tables: Map<string, Prices>; faults: FileFault[] } {
  const tables = new Map<string, Prices>()
  const faults: FileFault[] = []
  for (const [i, upstream] of upstreams.entries()) {
    try {
      tables.set(upstream.name, tableOf(upstream))
    } catch (error) {
      const lines = error instanceof Error ? error.message.split('\n') : [String(error)]
      faults.push(...lines.map(line => faultAt(`/upstreams/${i}/prices`, line)))
    }
  }
  return { tables, faults }
}

function faultAt(path: string, line: string): FileFault {
  const [, place = '', text = line] = /^(\/.*?|): (.*)$/s.exec(line) ?? []
  return { path: path + place.replace(/\/$/, ''), text }
}
