/** Reads the prices: the built-in ones, and an operator's own file laid over them. What is wrong with it says which setting it is. */

import { readFileSync } from 'node:fs'
import { DUPLICATE_KEY, findDuplicateKey } from '../dialects/wire/duplicate-key.ts'
import { builtin } from './builtin.ts'
import type { PriceTable } from './price.ts'
import { loadPrices } from './table.ts'

/** Checking the built-in prices takes some 30 ms. */
let standard: PriceTable | undefined

/** `file` as PRICES_FILE names it. Throws an Error with one line per fault. */
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
    // What does not parse is quoted with its line breaks, and a fault is one line.
    const why = String(error).replace(/\s+/g, ' ')
    throw new Error(`PRICES_FILE: found ${JSON.stringify(file)}, expected a readable JSON file (${why}).`)
  }
  const field = findDuplicateKey(text)
  if (field !== undefined)
    throw new Error(`PRICES_FILE: in ${JSON.stringify(file)}, ${field} ${DUPLICATE_KEY}`)
  return value
}
