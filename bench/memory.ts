/** The memory of a process and its children, by the kernel's own count. */

import { readFileSync } from 'node:fs'
import { withChildren } from './process-tree.ts'

/** Resident bytes; undefined if the kernel does not report it. */
export function residentBytes(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  const bytes = withChildren(pid).map(residentOf)
  return bytes.includes(undefined) ? undefined : bytes.reduce((sum: number, one = 0) => sum + one, 0)
}

function residentOf(pid: number): number | undefined {
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}
