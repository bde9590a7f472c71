/** How much memory a process holds, by the kernel's own count. */

import { readFileSync } from 'node:fs'

/** Resident bytes; undefined where the kernel does not say. */
export function residentBytes(pid: number): number | undefined {
  if (process.platform !== 'linux') return undefined
  const [, kilobytes] = /^VmRSS:\s+(\d+) kB/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return kilobytes === undefined ? undefined : Number(kilobytes) * 1024
}
