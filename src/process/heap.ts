import { setFlagsFromString } from 'node:v8'

/** Settings of V8's garbage collector. docs/performance.md has the measurements. */
const flags = [
  // V8 collects the whole heap for each 64 MB of new buffers: with bodies of 1 MB that took more time than all other work.
  // With this flag, buffers count as a part of the heap.
  '--external-memory-accounted-in-global-limit',
  // V8 lets the heap grow to four times its live size. With this flag it collects at one and a half times.
  '--heap-growing-percent=50',
]

export function tuneHeap(): void {
  for (const flag of flags) setFlagsFromString(flag)
}
