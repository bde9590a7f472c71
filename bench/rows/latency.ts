/** The latency without overload: calls at a fixed rate, half of what the column carries. */

import type { Column } from '../columns.ts'
import type { Row } from '../row.ts'
import { openLoop } from '../vegeta.ts'
import { closedLoop } from '../wrk.ts'

const kilobyte = { bytes: 1000 }
const compared = { unit: 'ms', digits: 2, against: { column: 'bare', as: 'ratio' } } as const

export const row: Row = {
  name: 'latency',
  title: 'JSON, prompts of 1 KB, open loop at half load',
  figures: [
    { key: 'rate', title: 'calls/s', unit: '/s', digits: 0, minor: true },
    { key: 'p50', title: 'latency p50', ...compared },
    { key: 'p99', title: 'latency p99', ...compared },
  ],
  provider: 'nginx',
  tools: ['wrk', 'vegeta'],
  async prepare(columns) {
    const rates = await ratesOf(columns)
    return async (column, seconds) => {
      const rate = rates.get(column) ?? 1
      const { p50Ms, p99Ms } = await openLoop(column, kilobyte, rate, seconds)
      return { rate, p50: p50Ms, p99: p99Ms }
    }
  },
}

/** Half of what Tollgate carries for a miss, so that the columns can be compared; less for a column that carries less. */
async function ratesOf(columns: readonly Column[]): Promise<Map<Column, number>> {
  const halves = new Map<Column, number>()
  for (const column of columns) {
    const { calls, seconds } = await closedLoop(column, kilobyte, 32, 2)
    halves.set(column, Math.max(1, Math.floor(calls / seconds / 2)))
  }
  const [, common = Math.min(...halves.values())] =
    [...halves].find(([{ name }]) => name === 'tollgate') ?? []
  return new Map([...halves].map(([column, half]) => [column, Math.min(half, common)]))
}
