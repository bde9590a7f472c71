/** What is measured side by side. */

import { join } from 'node:path'
import { alone } from './cores.ts'
import { type Server, startServer } from './server.ts'
import { startTollgate } from './tollgate.ts'

export interface Column {
  name: string
  title: string
  url: string
  headers: Record<string, string>
  /** Answer headers that prove that the column does what its title says. */
  expected: Record<string, string>
  /** Is every request the same? */
  cached: boolean
  /** The process whose CPU counts; none: the provider itself answers. */
  process: Server | undefined
}

export const columnNames = ['direct', 'bare', 'tollgate', 'hit'] as const
export type ColumnName = (typeof columnNames)[number]

export interface Columns {
  columns: Column[]
  stop(): Promise<void>
}

const headers = { 'content-type': 'application/json', 'anthropic-version': '2023-06-01' }
const root = join(import.meta.dirname, '..')

/** Starts the simulated provider, and what the columns need, each once. Flags and variables are for the measured ones. */
export async function startColumns(
  names: readonly ColumnName[],
  folder: string,
  flags: readonly string[] = [],
  env: Record<string, string> = {},
): Promise<Columns> {
  const running: { stop(): Promise<void> }[] = []
  const started = async <T extends { stop(): Promise<void> }>(starting: Promise<T>): Promise<T> => {
    const one = await starting
    running.push(one)
    return one
  }
  const stop = async () => {
    for (const one of running.toReversed()) await one.stop()
  }
  const measured = [...alone, process.execPath, ...flags]
  try {
    const provider = await started(
      startServer({
        name: 'provider',
        folder,
        command: port => [
          process.execPath,
          join(root, 'test/provider.ts'),
          '--port',
          `${port}`,
          '--keep',
          '0',
        ],
      }),
    )
    const plain = { headers, expected: {}, cached: false }
    const columns: Column[] = []
    if (names.includes('direct')) {
      columns.push({ ...plain, name: 'direct', title: 'direct', url: provider.url, process: undefined })
    }
    if (names.includes('bare')) {
      const proxy = await started(
        startServer({
          name: 'bare-proxy',
          folder,
          env: () => env,
          command: port => [
            ...measured,
            join(root, 'bench/bare-proxy.ts'),
            ...['--port', `${port}`, '--upstream', provider.url],
          ],
        }),
      )
      columns.push({ ...plain, name: 'bare', title: 'bare Node proxy', url: proxy.url, process: proxy })
    }
    if (names.includes('tollgate') || names.includes('hit')) {
      const { server, key } = await started(startTollgate(provider.url, folder, measured, env))
      const gateway = { headers: { ...headers, 'x-api-key': key }, url: server.url, process: server }
      const miss = { name: 'tollgate', title: 'Tollgate', cached: false, expected: { 'x-cache': 'MISS' } }
      const hit = { name: 'hit', title: 'Tollgate, cache hit', cached: true, expected: { 'x-cache': 'HIT' } }
      for (const one of [miss, hit]) {
        if (names.some(name => name === one.name)) columns.push({ ...gateway, ...one })
      }
    }
    return { columns, stop }
  } catch (error) {
    await stop()
    throw error
  }
}
