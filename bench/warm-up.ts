/** Calls before the first measurement: V8 compiles what has run some thousand times. */

import type { Column } from './columns.ts'
import { closedLoop } from './wrk.ts'

/** A slow column gets fewer calls, because it stops after `seconds`. */
export async function warmUp(column: Column, calls: number, seconds: number): Promise<void> {
  const until = performance.now() + seconds * 1000
  for (let made = 0; made < calls && performance.now() < until; )
    made += (await closedLoop(column, { bytes: 1000 }, 32, 2)).calls
}
