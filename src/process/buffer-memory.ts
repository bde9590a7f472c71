import { setFlagsFromString } from 'node:v8'

/**
 * Lets the memory of buffers grow in proportion to the heap. By default V8 collects the whole heap for each 64 MB of new buffers,
 * which with bodies of 1 MB took more time than all other work on them.
 */
export function limitBuffersByHeap(): void {
  setFlagsFromString('--external-memory-accounted-in-global-limit')
}
