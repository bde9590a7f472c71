/** Many callers at once without pauses: the CPU of a call, and the calls/s of one core. */

import { cpuOf } from './cpu.ts'
import { closedLoop } from './load.ts'
import { prompt } from './prompts.ts'
import type { Row } from './row.ts'

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
        against: { column: 'bare', as: 'ratio' },
      },
      { key: 'rate', title: 'calls/s in this run', unit: '/s', digits: 0 },
      { key: 'busy', title: 'of the gateway core used', unit: '%', digits: 0 },
    ],
    async prepare() {
      const sized = prompt(bytes)
      return async (column, seconds) => {
        const [fired, cpuMs] = await cpuOf(column.process?.pid, () =>
          closedLoop(column, sized, callers, seconds),
        )
        const rate = fired.calls / fired.seconds
        if (cpuMs === undefined) return { rate }
        return {
          cpuMicros: (cpuMs * 1000) / fired.calls,
          perCore: (fired.calls * 1000) / cpuMs,
          rate,
          busy: cpuMs / fired.seconds / 10,
        }
      }
    },
  }
}
