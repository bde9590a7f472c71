/** The CPU of work in this process, by repeating it. */

import { microsSince } from './tracing.ts'

/** User and system time of this process for one execution (us), five times. */
export async function cpuMicros(work: () => unknown, times: number): Promise<number[]> {
  const measured: number[] = []
  for (let round = 0; round < 5; round++) {
    await repeat(work, times / 5)
    const before = process.cpuUsage()
    await repeat(work, times)
    measured.push(microsSince(before) / times)
  }
  return measured
}

/** Awaits a promise only: a microtask costs about as much as a counter. */
async function repeat(work: () => unknown, times: number): Promise<void> {
  for (let i = 0; i < times; i++) {
    const result = work()
    if (result instanceof Promise) await result
  }
}
