/** Many callers at once without pauses: the CPU of a call, the calls/s of one core, and the memory afterwards. */

import { cpuOf } from './cpu.ts'
import { residentBytes } from './memory.ts'
import type { Row } from './row.ts'
import { closedLoop } from './wrk.ts'

export function throughputRow(name: string, size: string, bytes: number, callers: number): Row {
  return {
    name,
    title: `JSON, prompts of ${size}, ${callers} callers in a closed loop`,
    figures: [
      {
        key: 'cpuMicros',
        title: 'gateway CPU per call',
        unit: 'us',
        digits: 0,
        against: { column: 'bare', as: 'ratio' },
      },
      {
        key: 'perCore',
        title: 'calls/s per gateway core',
        unit: '/s',
        digits: 0,
        minor: true,
        against: { column: 'bare', as: 'ratio' },
      },
      { key: 'rate', title: 'calls/s in this run', unit: '/s', digits: 0, minor: true },
      { key: 'busy', title: 'of the gateway core used', unit: '%', digits: 0, minor: true },
      { key: 'rss', title: 'gateway memory afterwards', unit: 'MB', digits: 0 },
    ],
    provider: 'nginx',
    tools: ['wrk'],
    prepare: async () => async (column, seconds) => {
      const pid = column.process?.pid
      const [loaded, cpuMs] = await cpuOf(pid, () => closedLoop(column, { bytes }, callers, seconds))
      const rate = loaded.calls / loaded.seconds
      const resident = pid && residentBytes(pid)
      if (cpuMs === undefined) return { rate }
      return {
        cpuMicros: (cpuMs * 1000) / loaded.calls,
        perCore: (loaded.calls * 1000) / cpuMs,
        rate,
        busy: cpuMs / loaded.seconds / 10,
        rss: resident && resident / 2 ** 20,
      }
    },
  }
}
