/** The latency of one caller without other load. */

import type { Row } from '../row.ts'
import { closedLoop } from '../wrk.ts'

const added = { unit: 'ms', digits: 3, against: { column: 'direct', as: 'difference' } } as const

export const row: Row = {
  name: 'alone',
  title: 'JSON, prompts of 1 KB, one caller alone',
  figures: [
    { key: 'p50', title: 'latency p50', ...added },
    { key: 'p99', title: 'latency p99', ...added },
  ],
  provider: 'nginx',
  tools: ['wrk'],
  prepare: async () => async (column, seconds) => {
    const { p50Ms, p99Ms } = await closedLoop(column, { bytes: 1000 }, 1, seconds)
    return { p50: p50Ms, p99: p99Ms }
  },
}
