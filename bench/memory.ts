/** The memory of a process, by the kernel's own count. */

import { readFileSync } from 'node:fs'

/** Resident bytes; undefined if the kernel does not report it. */
export function residentBytes(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}
