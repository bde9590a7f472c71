/** The CPU time of a process and its children, by the kernel's own count. */

import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { setTimeout as pause } from 'node:timers/promises'
import { withChildren } from './process-tree.ts'

const linux = process.platform === 'linux'
const tickMs = linux ? 1000 / Number(execFileSync('getconf', ['CLK_TCK'], { encoding: 'utf8' })) : 0
const quietMs = 100

/** User and system time of all their threads, in milliseconds; undefined if the kernel does not report it. */
export function cpuMs(pid: number): number | undefined {
  if (!linux) return undefined
  return withChildren(pid).reduce((sum, one) => sum + ticksOf(one), 0) * tickMs
}

function ticksOf(pid: number): number {
  // The second field is the program's name in brackets, which may have spaces. utime, stime, and those of ended children
  // are the 12th to 15th field after it.
  const stat = readFileSync(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0)
}

/**
 * The CPU that `work` costs the process, with its later work (settling, ledger, log): the count ends when the process is
 * idle.
 */
export async function cpuOf<T>(
  pid: number | undefined,
  work: () => Promise<T>,
): Promise<[T, number | undefined]> {
  const before = pid === undefined ? undefined : cpuMs(pid)
  const result = await work()
  if (pid === undefined || before === undefined) return [result, undefined]
  let last = cpuMs(pid) ?? 0
  for (let rounds = 0; rounds < 100; rounds += 1) {
    await pause(quietMs)
    const now = cpuMs(pid) ?? 0
    const busy = now - last > tickMs
    last = now
    if (!busy) break
  }
  return [result, last - before]
}
