/**
 * Reads the prices, each layer over the one before: the public list, the built-in table, PRICES_FILE, an upstream's own rows,
 * and its multiplier. Error texts name the setting.
 */

import { readFileSync } from 'node:fs'
import { DUPLICATE_KEY, findDuplicateKey } from '../dialects/wire/duplicate-key.ts'
import { builtin } from './builtin.ts'
import { check } from './faults.ts'
import { MOST_TIMES, priceFile, type UpstreamPrices, upstreamPrices } from './file.ts'
import type { Layered } from './merge.ts'
import { multipliedTable } from './multiplier.ts'
import type { PriceTable } from './price.ts'
import { hasOwnPrices, publicModels, publicOrigins } from './public.ts'
import { ratioOf } from './ratio.ts'
import { patched, tableOf } from './table.ts'

/** The layers below PRICES_FILE, by type of upstream. Cached, because the check of the built-in prices takes about 30 ms. */
const shipped = new Map<string, Layered>()

const plain = new WeakMap<Layered, PriceTable>()

/**
 * `file` is the path in PRICES_FILE. Throws an Error with one line per fault. `type` is that of the upstream: models that
 * its provider sells have the provider's own price, all others the highest listed one.
 */
export function readPrices(file: string | undefined, upstream?: UpstreamPrices, type?: string): PriceTable {
  return upstreamTable(openPrices(file)(type), upstream)
}

/** The prices without an upstream's own ones, by the type of the upstream. */
export type Prices = (type: string | undefined) => Layered

/** Reads the file once, for upstreams of all types. Throws as `readPrices`. */
export function openPrices(file: string | undefined): Prices {
  if (file === undefined) return shippedPrices
  const own = readJson(file)
  const read = new Map<Layered, Layered>()
  return type => {
    const known = shippedPrices(type)
    const layers = read.get(known) ?? withFile(known, file, own)
    read.set(known, layers)
    return layers
  }
}

function withFile(known: Layered, file: string, own: unknown): Layered {
  try {
    return patched(known, own, 'PRICES_FILE')
  } catch (error) {
    const faults = error instanceof Error ? error.message.split('\n') : [String(error)]
    throw new Error(faults.map(fault => faultIn(file, fault)).join('\n'))
  }
}

/** Throws an Error with one line per fault of the upstream's prices: its place in them, the found and the expected value. */
export function upstreamTable(layers: Layered, upstream: UpstreamPrices = {}): PriceTable {
  const { multiplier, ...rows } = check(upstreamPrices, upstream)
  const hasRows = Object.keys(rows).length > 0
  const table = hasRows ? tableOf(patched(layers, rows, "the upstream's prices")) : plainTable(layers)
  if (multiplier === undefined) return table
  const { num, den } = ratioOf(multiplier)
  if (Number(num) / Number(den) > MOST_TIMES)
    throw new Error(`/multiplier: found "${multiplier}", expected a multiplier of at most ${MOST_TIMES}`)
  return multipliedTable(table, multiplier)
}

/** Cached, because upstreams without rows of their own share it. */
function plainTable(layers: Layered): PriceTable {
  const table = plain.get(layers) ?? tableOf(layers)
  plain.set(layers, table)
  return table
}

function shippedPrices(type: string | undefined): Layered {
  const key = type !== undefined && hasOwnPrices(type) ? type : ''
  const earlier = shipped.get(key)
  if (earlier) return earlier
  const models = publicModels(key || undefined)
  const known = shipped.get('')?.file.models ?? check(priceFile, builtin).models
  const file = { defaults: builtin.defaults, models: { ...models, ...known } }
  const layers = { file, origins: publicOrigins(models), own: {} }
  shipped.set(key, layers)
  return layers
}

function readJson(file: string): unknown {
  const text = attempt(() => readFileSync(file, 'utf8'), 'cannot be read')
  const value: unknown = attempt(() => JSON.parse(text), 'is not JSON')
  const field = findDuplicateKey(text)
  if (field !== undefined) throw new Error(faultIn(file, `${field} ${DUPLICATE_KEY}`))
  return value

  function attempt<T>(read: () => T, what: string): T {
    try {
      return read()
    } catch (error) {
      throw new Error(
        `PRICES_FILE: found ${JSON.stringify(file)}, which ${what} (${reasonOf(error)}), expected a readable JSON file. ` +
          'Correct the path or the file, or leave PRICES_FILE out.',
      )
    }
  }
}

/** The code of a file system error, else the text of the parser. It quotes the file with its line breaks, but a fault must be one line. */
function reasonOf(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return 'code' in error ? String(error.code) : error.message.replace(/\s+/g, ' ')
}

function faultIn(file: string, fault: string): string {
  const end = fault.endsWith('?') ? '' : '.'
  return `PRICES_FILE: in ${JSON.stringify(file)}, ${fault}${end} Correct the file.`
}
