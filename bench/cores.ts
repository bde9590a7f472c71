/** The use of the cores: the measured process has one, and all other processes share the others. */

import { execFileSync } from 'node:child_process'
import { arch, availableParallelism, cpus, loadavg, release, totalmem, type } from 'node:os'

const cores = availableParallelism()
const pinned = cores > 1 && hasTaskset()
const others = cores > 2 ? `1-${cores - 1}` : '1'

/** The beginning of the command of a measured process. */
export const alone: readonly string[] = pinned ? ['taskset', '-c', '0'] : []

/** Moves this process, and all that it starts later, away from the measured core. */
export function stepAside(): void {
  if (pinned) execFileSync('taskset', ['-acp', others, String(process.pid)], { stdio: 'ignore' })
}

/** Moves a running process to the measured core. */
export function setAlone(pid: number): void {
  if (pinned) execFileSync('taskset', ['-acp', '0', String(pid)], { stdio: 'ignore' })
}

/** The machine of the figures. */
export function machine() {
  return {
    cpu: cpus()[0]?.model ?? 'unknown',
    cores,
    memoryGb: Math.round(totalmem() / 2 ** 30),
    system: `${type()} ${release()} ${arch()}`,
    node: process.version,
    /** Processes that waited for a core in the last minute. Above 0.2 the figures are noisy. */
    loadBefore: Number((loadavg()[0] ?? 0).toFixed(2)),
    placement: pinned
      ? `the measured process on core 0; provider, load, Redis and Postgres on core ${others}`
      : 'processes not pinned to cores',
  }
}

function hasTaskset(): boolean {
  try {
    execFileSync('taskset', ['-V'], { stdio: 'ignore' })
    return true
  } catch {
    return false
  }
}
