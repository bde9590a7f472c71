/** Reads an UPSTREAMS_FILE with this text, with the built-in prices. */

import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { TestContext } from 'node:test'
import { readKeySource } from '../../src/config/key-source.ts'
import { readPrices } from '../../src/pricing/read.ts'
import { readUpstreams } from '../../src/upstreams/file/read.ts'
import type { TableOf } from '../../src/upstreams/price-tables.ts'
import { temporaryFolder } from '../when-over.ts'

export const KEYS = {
  ANTHROPIC_API_KEY: 'sk-1',
  OPENAI_API_KEY: 'sk-2',
  EZAI_API_KEY: 'sk-3',
  AZURE_KEY: 'sk-4',
  SPACED_KEY: 'sk 5',
  JSON_KEY: '{ "client_email": "a" }',
}

export async function readText(t: TestContext, text: string, name = 'upstreams.yaml', tableOf?: TableOf) {
  const file = join(await temporaryFolder(t), name)
  await writeFile(file, text)
  return readUpstreams(file, readPrices(undefined), source => readKeySource(source, KEYS), tableOf)
}

/** The error's lines without the name of the setting and the file. */
export async function faultsOf(t: TestContext, text: string, tableOf?: TableOf): Promise<string[]> {
  try {
    await readText(t, text, 'upstreams.yaml', tableOf)
    return []
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error)
    return message.split('\n').map(line => line.replace(/^UPSTREAMS_FILE: in "[^"]*upstreams\.yaml",? ?/, ''))
  }
}
