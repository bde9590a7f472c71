/** The levels a call must fit at once: its client, the client's team, the whole gateway. Shared by limits and budgets. */

import type { Scope } from '../lua/index.ts'
import type { Client } from './client.ts'

export interface Level {
  key: string
  name: string
  limits: Client['limits']
  budget: Client['budget']
  /** What a call claims on: the same object for all of them. */
  scope: Scope
}

/** Windows are counted without a limit too: a budget set at noon knows what the morning spent. */
const NO_LIMIT = Number.MAX_SAFE_INTEGER

const known = new WeakMap<Client, Level[]>()

/** Counters hang on ids, so that a new name keeps its debts. */
export function levelsOf(client: Client): Level[] {
  const found = known.get(client)
  if (found) return found
  const { team, gateway } = client
  const levels = [
    levelOf(`client:${client.id}`, `client:${client.name}`, client),
    ...(team ? [levelOf(`team:${team.id}`, `team:${team.name}`, team)] : []),
    levelOf('gateway', 'gateway', gateway),
  ]
  known.set(client, levels)
  return levels
}

function levelOf(key: string, name: string, { limits, budget }: Pick<Level, 'limits' | 'budget'>): Level {
  const { dayNanos = NO_LIMIT, monthNanos = NO_LIMIT } = budget
  return { key, name, limits, budget, scope: { key, name, ...limits, day: dayNanos, month: monthNanos } }
}

/** Does a budget bind this client's calls? Only then must a call's cost have a bound that holds. */
export function isBound(client: Client): boolean {
  return levelsOf(client).some(
    ({ budget }) => budget.dayNanos !== undefined || budget.monthNanos !== undefined,
  )
}
