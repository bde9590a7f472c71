/** The columns, which are measured side by side. Each file in columns/ starts one server, which may have several columns. */

import { join } from 'node:path'
import { bare } from './columns/bare.ts'
import { direct } from './columns/direct.ts'
import { observed } from './columns/observed.ts'
import { tollgate } from './columns/tollgate.ts'
import { alone } from './cores.ts'
import { type Server, startServer } from './server.ts'

export interface Column {
  name: string
  title: string
  url: string
  headers: Record<string, string>
  /** If the headers of a response match, the column does what its title says. */
  proof: RegExp
  /** Every request is the same. */
  cached: boolean
  /** The process whose CPU is counted; undefined: the provider is called directly. */
  process: Server | undefined
}

/** What a server needs to start. */
export interface Surroundings {
  providerUrl: string
  /** The request headers that the provider needs. */
  headers: Record<string, string>
  /** A folder for its files; deleted after the bench. */
  folder: string
  /** The command that runs a file with Node on the measured core, and its environment. */
  node: readonly string[]
  env: Record<string, string>
}

export interface Contender {
  columns: readonly string[]
  start(surroundings: Surroundings): Promise<Running>
}

export interface Running {
  columns: Column[]
  stop(): Promise<void>
}

const root = join(import.meta.dirname, '..')
const contenders: readonly Contender[] = [direct, bare, tollgate, observed]
export const columnNames = contenders.flatMap(({ columns }) => columns)

/** Starts the simulated provider and the servers of the columns. Flags and variables are for the measured processes. */
export async function startColumns(
  names: readonly string[],
  folder: string,
  flags: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Running> {
  const provider = await startServer({
    name: 'provider',
    folder,
    command: port => [
      process.execPath,
      join(root, 'test/provider.ts'),
      ...['--port', `${port}`, '--keep', '0'],
    ],
  })
  const running: Running[] = [{ columns: [], stop: provider.stop }]
  const stop = async () => {
    for (const one of running.toReversed()) await one.stop()
  }
  const surroundings = {
    providerUrl: provider.url,
    headers: { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' },
    folder,
    node: [...alone, process.execPath, ...flags],
    env,
  }
  try {
    for (const contender of contenders) {
      if (contender.columns.some(name => names.includes(name)))
        running.push(await contender.start(surroundings))
    }
  } catch (error) {
    await stop()
    throw error
  }
  const columns = running.flatMap(one => one.columns).filter(column => names.includes(column.name))
  return { columns, stop }
}
