/** Looks at every budget again and again while calls run. */

import type { Gateway } from '../../gateway.ts'
import { CLIENTS } from './trial.ts'

export interface Looks {
  count: number
  /** Those that found more spent and held than the budget has. */
  over: string[]
}

export async function lookAtBudgets(gateway: Gateway, signal: AbortSignal): Promise<Looks> {
  const looks = { count: 0, over: [] as string[] }
  const nanos = (usd = Number.NaN) => Math.round(usd * 1e9)
  while (!signal.aborted)
    for (const path of ['/gateway', ...Object.keys(CLIENTS).map(name => `/clients/${name}`)]) {
      const { body } = await gateway.admin('GET', path)
      const state = body.state as Record<string, Record<string, number>>
      for (const window of ['day', 'month']) {
        const { limitUsd, spentUsd, heldUsd } = state[window] ?? {}
        if (typeof limitUsd !== 'number') continue
        looks.count++
        if (nanos(spentUsd) + nanos(heldUsd) > nanos(limitUsd))
          looks.over.push(`${path} ${window}: ${spentUsd} + ${heldUsd} > ${limitUsd}`)
      }
    }
  return looks
}
