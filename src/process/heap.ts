import { setFlagsFromString } from 'node:v8'

/** Settings of V8's garbage collector. docs/performance.md has the measurements. */
const flags = [
  // V8 collects the whole heap for each 64 MB of new buffers. With this it counts them as a part of the heap, which is seldom collected:
  // with bodies of 1 MB these collections took more time than all other work.
  '--external-memory-accounted-in-global-limit',
  // V8 lets the heap grow to four times what is live before it collects. With this it collects at one and a half times.
  '--heap-growing-percent=50',
]

export function tuneHeap(): void {
  for (const flag of flags) setFlagsFromString(flag)
}
