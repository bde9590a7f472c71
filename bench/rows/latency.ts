/** The latency that the gateway adds without overload: calls at a fixed rate, half of its throughput. */

import { openLoop } from '../load.ts'
import type { Row } from '../row.ts'
import { percentile } from '../statistics.ts'
import { closedLoop } from '../wrk.ts'

const added = { unit: 'ms', digits: 2, against: { column: 'direct', as: 'difference' } } as const

export const row: Row = {
  name: 'latency',
  title: 'JSON, prompts of 1 KB, open loop at half load',
  figures: [
    { key: 'rate', title: 'calls/s', unit: '/s', digits: 0 },
    { key: 'p50', title: 'latency p50', ...added },
    { key: 'p99', title: 'latency p99', ...added },
    { key: 'p999', title: 'latency p99.9', ...added },
  ],
  provider: 'nginx',
  async prepare(columns) {
    const kilobyte = { bytes: 1000 }
    const capacities: number[] = []
    for (const column of columns) {
      const { calls, seconds } = await closedLoop(column, kilobyte, 32, 2)
      capacities.push(calls / seconds)
    }
    // One rate for all columns, because their latencies are subtracted: half of the throughput of the slowest.
    const rate = Math.floor(Math.min(...capacities) / 2)
    return async (column, seconds) => {
      const { last } = await openLoop(column, kilobyte, rate, seconds)
      return { rate, p50: percentile(last, 0.5), p99: percentile(last, 0.99), p999: percentile(last, 0.999) }
    }
  },
}
