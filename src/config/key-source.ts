/** Reads a key from the place that UPSTREAMS_FILE names: a variable or a file. The file itself never contains a key. */

import { readFileSync } from 'node:fs'
import { readEnvironment, type Values } from './config.ts'
import { keyVariable, upstreams } from './upstreams.ts'
import { secretNames } from './variables.ts'

export type Source = { env: string } | { file: string }

/** The gateway's own secrets. An upstream must not get them. */
const own = new Set(secretNames)
for (const upstream of upstreams) own.delete(keyVariable(upstream))

/** Returns the key, or an Error whose message says what is wrong with its source. The message never contains the key. */
export function readKeySource(source: Source, values: Values = readEnvironment()): string | Error {
  if ('file' in source) return keyIn(source.file)
  const name = source.env
  if (own.has(name)) return new Error("which is one of the gateway's own secrets")
  const { [name]: key, [`${name}_FILE`]: file } = values
  if (key) return key
  return file ? keyIn(file) : new Error('which is not set in the environment or in .env')
}

function keyIn(file: string): string | Error {
  try {
    const key = readFileSync(file, 'utf8').replace(/[\r\n]+$/, '')
    return key === '' ? new Error('which is empty') : key
  } catch (error) {
    const reason = error instanceof Error && 'code' in error ? error.code : error
    return new Error(`which cannot be read (${reason})`)
  }
}
