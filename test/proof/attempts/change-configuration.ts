/** Changes the configuration while calls run, so that attempts are decided anew. */

import { setTimeout as wait } from 'node:timers/promises'
import type { Gateway } from '../../gateway.ts'
import { CLIENTS } from './trial.ts'

const EVERY_MS = 40
/** After so many changes of clients the upstreams are read again. */
const REWRITE_EVERY = 10

/** The changes mean nothing for the calls. Returns their number. */
export async function changeConfiguration(
  gateway: Gateway,
  rewrite: (changes: number) => Promise<void>,
  signal: AbortSignal,
): Promise<number> {
  let changes = 0
  while (!signal.aborted) {
    const names = Object.keys(CLIENTS)
    const cache = { enabled: false, ttlSeconds: 60 + changes }
    await gateway.admin('PATCH', `/clients/${names[changes % names.length]}`, { cache })
    if (++changes % REWRITE_EVERY === 0) await rewrite(changes)
    await wait(EVERY_MS, undefined, { signal }).catch(() => {})
  }
  return changes
}
