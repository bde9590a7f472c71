/**
 * Keeps `process.nextTick` fast (Node 26). A full garbage collection that finds no entry in the queue of ticks frees the
 * shape of these entries. V8 then builds each later entry by a slow path: a tick takes 1,000 ns instead of 250, and
 * each write to a socket needs several. One entry that lives as long as the process keeps the shape.
 */

import { executionAsyncResource } from 'node:async_hooks'

const entries: object[] = []

export function keepTickShape(): void {
  process.nextTick(() => void entries.push(executionAsyncResource()))
}
