/** Budgets begin anew at midnight UTC, and a test of one must not run across it. */

import { setTimeout as wait } from 'node:timers/promises'

const DAY_MS = 86_400_000
/** Longer than any test of a single budget. */
const MARGIN_MS = 60_000

/** Waits if midnight UTC is near, until it is over. */
export async function clearOfMidnight(now = Date.now()): Promise<void> {
  const left = DAY_MS - (now % DAY_MS)
  if (left < MARGIN_MS) await wait(left + 1000)
}
