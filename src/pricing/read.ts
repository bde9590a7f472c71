/** Reads the built-in prices and merges the operator's PRICES_FILE over them. Error texts name the setting. */

import { readFileSync } from 'node:fs'
import { DUPLICATE_KEY, findDuplicateKey } from '../dialects/wire/duplicate-key.ts'
import { builtin } from './builtin.ts'
import type { PriceTable } from './price.ts'
import { loadPrices } from './table.ts'

/** Cached, because the check of the built-in prices takes about 30 ms. */
let standard: PriceTable | undefined

/** `file` is the path in PRICES_FILE. Throws an Error with one line per fault. */
export function readPrices(file: string | undefined): PriceTable {
  if (file === undefined) {
    standard ??= loadPrices(builtin)
    return standard
  }
  const own = readJson(file)
  try {
    return loadPrices(builtin, own)
  } catch (error) {
    const faults = error instanceof Error ? error.message.split('\n') : [String(error)]
    throw new Error(faults.map(fault => `PRICES_FILE: in ${JSON.stringify(file)}, ${fault}`).join('\n'))
  }
}

function readJson(file: string): unknown {
  let text: string
  let value: unknown
  try {
    text = readFileSync(file, 'utf8')
    value = JSON.parse(text)
  } catch (error) {
    // The parser quotes the text with its line breaks, but a fault must be one line.
    const why = String(error).replace(/\s+/g, ' ')
    throw new Error(`PRICES_FILE: found ${JSON.stringify(file)}, expected a readable JSON file (${why}).`)
  }
  const field = findDuplicateKey(text)
  if (field !== undefined)
    throw new Error(`PRICES_FILE: in ${JSON.stringify(file)}, ${field} ${DUPLICATE_KEY}`)
  return value
}
