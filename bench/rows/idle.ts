/** The CPU and memory of a process that has served calls and now serves nothing. All processes are watched at once. */

import { setTimeout as pause } from 'node:timers/promises'
import type { Column } from '../columns.ts'
import { cpuMs } from '../cpu.ts'
import { residentBytes } from '../memory.ts'
import type { Row } from '../row.ts'

const settleMs = 10_000
const watchMs = 20_000

export const row: Row = {
  name: 'idle',
  title: `Nothing to serve for ${watchMs / 1000} s`,
  figures: [
    { key: 'cpu', title: 'of a core used', unit: '%', digits: 2 },
    { key: 'rss', title: 'memory', unit: 'MB', digits: 0 },
  ],
  provider: 'nginx',
  // A cache hit has no process of its own.
  applies: column => column.process !== undefined && !column.cached,
  once: true,
  async prepare(columns) {
    await pause(settleMs)
    const before = columns.map(usedBy)
    const start = performance.now()
    await pause(watchMs)
    const watchedMs = performance.now() - start
    const values = new Map(
      columns.map((column, index) => {
        const [from, to] = [before[index], usedBy(column)]
        const resident = column.process && residentBytes(column.process.pid)
        return [
          column,
          {
            cpu: from === undefined || to === undefined ? undefined : (100 * (to - from)) / watchedMs,
            rss: resident && resident / 2 ** 20,
          },
        ]
      }),
    )
    return async column => values.get(column) ?? {}
  },
}

function usedBy({ process }: Column): number | undefined {
  return process && cpuMs(process.pid)
}
