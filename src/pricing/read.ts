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
    throw new Error(faults.map(fault => faultIn(file, fault)).join('\n'))
  }
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
