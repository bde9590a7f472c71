/** The memory of an open stream in the gateway. Each round has fresh processes, because a heap does not shrink. */

import { chmod, mkdtemp } from 'node:fs/promises'
import { join } from 'node:path'
import { setTimeout as pause } from 'node:timers/promises'
import { openCaller } from '../caller.ts'
import { type Column, startColumns } from '../columns.ts'
import { residentBytes } from '../memory.ts'
import type { Studied, Study } from '../study.ts'
import { closedLoop } from '../wrk.ts'

const streams = 500
const deltas = 50
const gapMs = 300

export const row: Study = {
  name: 'stream-memory',
  title: `${streams} streams open at once, an event each every ${gapMs} ms`,
  figures: [
    { key: 'before', title: 'gateway memory before', unit: 'MB', digits: 0 },
    { key: 'perStream', title: 'gateway memory per open stream', unit: 'KB', digits: 1 },
  ],
  async study(folder, quick) {
    const studied = new Map<string, Studied & { values: Record<string, number[]> }>()
    for (let round = 0; round < (quick ? 1 : 3); round += 1) {
      const own = await mkdtemp(join(folder, 'round-'))
      await chmod(own, 0o711)
      const { columns, stop } = await startColumns(['bare', 'tollgate'], own, 'simulated')
      try {
        for (const column of columns) {
          const { name, title } = column
          const one = studied.get(name) ?? { name, title, values: { before: [], perStream: [] } }
          const { before, open } = await measure(column)
          one.values.before?.push(before / 2 ** 20)
          one.values.perStream?.push((open - before) / streams / 1024)
          studied.set(name, one)
        }
      } finally {
        await stop()
      }
    }
    return [...studied.values()]
  },
}

async function measure(column: Column): Promise<{ before: number; open: number }> {
  const pid = column.process?.pid
  if (pid === undefined) throw new Error(`${column.title} has no process of its own`)
  const resident = () => residentBytes(pid) ?? Number.NaN
  // First the heap grows to its usual size and becomes stable.
  await closedLoop(column, { bytes: 1000 }, 64, 4)
  await pause(1000)
  const before = resident()
  const slow = { bytes: 1000, stream: true, scenario: `slow-stream ${deltas} chunks ${gapMs}ms` }
  const callers = await Promise.all(Array.from({ length: streams }, () => openCaller(column, slow)))
  try {
    const responses = Promise.all(callers.map(caller => caller.ask()))
    // Half of the time later all streams are open.
    await pause((deltas * gapMs) / 2)
    const open = resident()
    for (const { status } of await responses) {
      if (status !== 200) throw new Error(`${column.title} responded with ${status}`)
    }
    return { before, open }
  } finally {
    for (const caller of callers) caller.close()
  }
}
