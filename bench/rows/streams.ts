/** Streams that begin and end, with one event at a time: the CPU of an event, and the time to the first one. */

import { cpuOf } from '../cpu.ts'
import { openLoop } from '../load.ts'
import type { Row } from '../row.ts'
import { percentile } from '../statistics.ts'

const startedPerSecond = 50
/** One worker of LiteLLM does not carry the usual rate. */
const slower: Record<string, number> = { litellm: 5 }
const deltas = 100
/** Includes the events before the first and after the last delta. */
const events = deltas + 6

const added = { unit: 'ms', digits: 2, against: { column: 'direct', as: 'difference' } } as const

export const row: Row = {
  name: 'streams',
  title: `streams of ${events} events each, 20 ms apart`,
  figures: [
    { key: 'rate', title: 'streams/s', unit: '/s', digits: 0, minor: true },
    {
      key: 'cpuMs',
      title: 'gateway CPU per 1,000 events',
      unit: 'ms',
      digits: 1,
      against: { column: 'bare', as: 'ratio' },
    },
    { key: 'first', title: 'time to first event p50', ...added },
    { key: 'first99', title: 'time to first event p99', ...added },
  ],
  // nginx cannot send one event at a time.
  provider: 'simulated',
  // Streams are not cached.
  applies: column => !column.cached,
  async prepare() {
    const streamed = { bytes: 1000, stream: true, scenario: `slow-stream ${deltas} chunks 20ms` }
    return async (column, seconds) => {
      const rate = slower[column.name] ?? startedPerSecond
      const [fired, cpuMs] = await cpuOf(column.process?.pid, () => openLoop(column, streamed, rate, seconds))
      return {
        rate,
        cpuMs: cpuMs === undefined ? undefined : (cpuMs * 1000) / (fired.calls * events),
        first: percentile(fired.first, 0.5),
        first99: percentile(fired.first, 0.99),
      }
    }
  },
}
