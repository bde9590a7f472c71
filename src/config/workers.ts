/** The number of processes that serve the port. */

import { availableParallelism } from 'node:os'
import type { Config } from './config.ts'

export function workersOf({ WORKERS }: Pick<Config, 'WORKERS'>): number {
  return WORKERS === 'auto' ? availableParallelism() : Number(WORKERS)
}
