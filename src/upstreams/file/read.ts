/** Reads and checks UPSTREAMS_FILE. Error texts name the setting, the file, the line and the field. */

import { readFileSync } from 'node:fs'
import { Value } from 'typebox/value'
import { SYNONYMS as PRICE_SYNONYMS } from '../../pricing/faults.ts'
import { lineOf, schemaFaults } from '../../pricing/schema-faults.ts'
import { type Prices, type TableOf, tablesOf } from '../price-tables.ts'
import type { FileFault } from './faults.ts'
import { type ParsedFile, ParseFault, parseFile } from './parse.ts'
import { routeFaults } from './route-faults.ts'
import { type UpstreamsFile, upstreamsFile } from './schema.ts'
import { type ReadKey, upstreamFaults } from './upstream-faults.ts'

/** Other common names of the fields, in lower case without punctuation. */
const SYNONYMS: ReadonlyMap<string, string> = new Map([
  ...['url', 'endpoint', 'address', 'apibase', 'host'].map(name => [name, 'baseUrl'] as const),
  ...['key', 'apikey', 'apikeys', 'token'].map(name => [name, 'keys'] as const),
  ...['provider', 'kind', 'vendor'].map(name => [name, 'type'] as const),
  ...['id', 'title'].map(name => [name, 'name'] as const),
  ...['location', 'awsregion'].map(name => [name, 'region'] as const),
  ...['fallback', 'fallbacks', 'upstreams'].map(name => [name, 'order'] as const),
  ...['model', 'deployments', 'match'].map(name => [name, 'models'] as const),
  ...['timeout', 'timeoutms'].map(name => [name, 'timeoutSeconds'] as const),
  ...['retry', 'maxretries', 'attempts'].map(name => [name, 'retries'] as const),
  ...['variable', 'environment', 'envvar'].map(name => [name, 'env'] as const),
  ...['path', 'filename'].map(name => [name, 'file'] as const),
])

/** Fields that may have a key in them by mistake. */
const SECRET = /^\/upstreams\/\d+\/(keys|headers|baseUrl|[^/]*(key|token|secret|auth|password)[^/]*)(\/|$)/i

/**
 * Throws an Error with one line per fault. The faults of the schema come first, because the other checks need it. `prices`
 * are those without an upstream's own, `tableOf` those of an upstream.
 */
export function readUpstreams(
  file: string,
  prices: Prices,
  readKey: ReadKey,
  tableOf: TableOf = () => prices,
): UpstreamsFile {
  const parsed = parse(file, readText(file))
  const value = withTextMultipliers(parsed.value)
  if (!Value.Check(upstreamsFile, value))
    throw faulty(
      file,
      parsed,
      schemaFaults(upstreamsFile, value, {
        synonyms: [SYNONYMS, PRICE_SYNONYMS],
        isSecret: path => SECRET.test(path),
      }),
    )
  const { faults: priceFaults, tables } = tablesOf(value.upstreams, tableOf)
  const own = upstreamFaults(value.upstreams, readKey)
  const others = priceFaults.filter(({ path }) => !own.some(one => one.path === path))
  const faults = [...own, ...others, ...routeFaults(value, { prices, tables })]
  if (faults.length > 0) throw faulty(file, parsed, faults)
  return value
}

function readText(file: string): string {
  try {
    return readFileSync(file, 'utf8')
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : error
    const what = reason === 'EISDIR' ? 'is a folder' : `cannot be read (${reason})`
    throw new Error(
      `UPSTREAMS_FILE: found ${JSON.stringify(file)}, which ${what}, expected a readable YAML or JSON file. ` +
        'Correct the path or the file, or leave UPSTREAMS_FILE out.',
    )
  }
}

function parse(file: string, text: string): ParsedFile {
  try {
    return parseFile(text)
  } catch (error) {
    if (!(error instanceof ParseFault)) throw error
    throw new Error(`${placeIn(file, error.line)}: ${error.message}. Correct the file.`)
  }
}

/** Multipliers are exact decimals in text. YAML reads one without quotes as a number. */
function withTextMultipliers(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('upstreams' in value)) return value
  if (!Array.isArray(value.upstreams)) return value
  const entries: unknown[] = value.upstreams
  return { ...value, upstreams: entries.map(withTextMultiplier) }
}

function withTextMultiplier(entry: unknown): unknown {
  if (typeof entry !== 'object' || entry === null || !('prices' in entry)) return entry
  const { prices } = entry
  if (typeof prices !== 'object' || prices === null || !('multiplier' in prices)) return entry
  const { multiplier } = prices
  return typeof multiplier === 'number'
    ? { ...entry, prices: { ...prices, multiplier: String(multiplier) } }
    : entry
}

/** One line per fault, in the order of the file. */
function faulty(file: string, { lineAt }: ParsedFile, faults: readonly FileFault[]): Error {
  const lines = faults.map(fault => ({ fault, line: lineAt(fault.path) }))
  lines.sort((a, b) => (a.line ?? 0) - (b.line ?? 0))
  return new Error(lines.map(({ fault, line }) => textOf(file, fault, line)).join('\n'))
}

function textOf(file: string, fault: FileFault, line: number | undefined): string {
  const end = /[.?]$/.test(fault.text) ? '' : '.'
  return `${placeIn(file, line)}, ${lineOf(fault)}${end} ${fault.fix ?? 'Correct the file.'}`
}

function placeIn(file: string, line: number | undefined): string {
  return `UPSTREAMS_FILE: in ${JSON.stringify(file)}${line === undefined ? '' : ` line ${line}`}`
}
