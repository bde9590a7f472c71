/** The columns, which are measured side by side. Each file in columns/ starts one server, which may have several columns. */

import { join } from 'node:path'
import { bare } from './columns/bare.ts'
import { direct } from './columns/direct.ts'
import { litellm } from './columns/litellm.ts'
import { minimal } from './columns/minimal.ts'
import { nginx } from './columns/nginx.ts'
import { observed } from './columns/observed.ts'
import { portkey } from './columns/portkey.ts'
import { routed } from './columns/routed.ts'
import { tensorzero, tensorzeroLimits } from './columns/tensorzero.ts'
import { tollgate } from './columns/tollgate.ts'
import { alone } from './cores.ts'
import { startNginxProvider } from './nginx.ts'
import { type Server, startServer } from './server.ts'

/** What a gateway may do for each call. */
export const features = ['keys', 'limits', 'budgets', 'ledger', 'log'] as const
export type Feature = (typeof features)[number]

export interface Heading {
  name: string
  title: string
}

export interface Column extends Heading {
  url: string
  path: string
  model: string
  headers: Record<string, string>
  /** If the headers of a response match, the column does what its title says. */
  proof: RegExp
  /** Every request is the same. */
  cached: boolean
  /** The process whose CPU is counted; undefined: the provider is called directly. */
  process: Server | undefined
  role: 'baseline' | 'gateway'
  /** The features that are on, each with its extent. */
  on: Partial<Record<Feature, string>>
}

/** A column that cannot be measured here. */
export interface Absent extends Heading {
  reason: string
}

/** What a server needs to start. */
export interface Surroundings {
  providerUrl: string
  /** The request that the provider expects. */
  call: Pick<Column, 'path' | 'model' | 'headers'>
  /** A folder for its files; deleted after the bench. */
  folder: string
  /** The beginning of the command of a measured process. */
  prefix: readonly string[]
  /** The command that runs a file with Node on the measured core, and its environment. */
  node: readonly string[]
  env: Record<string, string>
}

/** nginx costs least; the simulated provider of the tests sends streams at the pace of a model. */
export type ProviderKind = 'nginx' | 'simulated'

export interface Contender {
  columns: readonly Heading[]
  /** For a peer: why it cannot be measured here; undefined if it can. */
  absence?(): string | undefined
  start(surroundings: Surroundings): Promise<Running>
}

export interface Running {
  columns: Column[]
  stop(): Promise<void>
}

const contenders: readonly Contender[] = [
  direct,
  nginx,
  bare,
  minimal,
  tollgate,
  observed,
  routed,
  tensorzero,
  tensorzeroLimits,
  portkey,
  litellm,
]
/** These columns are compared with 'tollgate' only. */
const comparisons = ['observed', 'routed']
export const usualColumns = () => columnNames.filter(name => !comparisons.includes(name))
export const columnNames = contenders.flatMap(({ columns }) => columns.map(({ name }) => name))

const providers: Record<ProviderKind, (folder: string) => Promise<Server>> = {
  nginx: startNginxProvider,
  simulated: startSimulatedProvider,
}

/** Starts the provider and the servers of the columns. Flags and variables are for the measured processes. */
export async function startColumns(
  names: readonly string[],
  folder: string,
  kind: ProviderKind,
  flags: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Running & { absent: Absent[] }> {
  const provider = await providers[kind](folder)
  const running: Running[] = [{ columns: [], stop: provider.stop }]
  const stop = async () => {
    for (const one of running.toReversed()) await one.stop()
  }
  const surroundings = {
    providerUrl: provider.url,
    call: {
      path: '/v1/chat/completions',
      model: 'gpt-6-luna',
      headers: { 'content-type': 'application/json' },
    },
    folder,
    prefix: alone,
    node: [...alone, process.execPath, ...flags],
    env,
  }
  const absent: Absent[] = []
  for (const { columns, absence, start } of contenders) {
    const asked = columns.filter(({ name }) => names.includes(name))
    if (asked.length === 0) continue
    const started = absence?.() ?? (await start(surroundings).catch((error: Error) => error))
    if (typeof started === 'object' && 'columns' in started) {
      running.push(started)
      continue
    }
    // A peer that does not run is reported, and the others are measured.
    const reason = typeof started === 'string' ? started : started.message.slice(0, 200)
    if (absence) absent.push(...asked.map(heading => ({ ...heading, reason })))
    else {
      await stop()
      throw started
    }
  }
  const columns = running.flatMap(one => one.columns).filter(column => names.includes(column.name))
  return { columns, absent, stop }
}

export function startSimulatedProvider(folder: string): Promise<Server> {
  const file = join(import.meta.dirname, '../test/provider.ts')
  return startServer({
    name: 'provider',
    folder,
    command: port => [process.execPath, file, ...['--port', `${port}`, '--keep', '0']],
  })
}
